// How long the thread that draws was busy at a stretch, by the browser's own trace.
//
// A task counts by the processor time that it used: what other programs of the machine take is not the page's fault. Where a
// trace tells only how long a task took by the clock, that is used.

/** Runs `work` and gives its tasks of the main thread in milliseconds, longest first. */
export async function tasksDuring(visit, work) {
  const browser = visit.context.browser();
  await browser.startTracing(visit.page, { categories: ["toplevel", "devtools.timeline", "__metadata"] });
  let trace;
  try {
    await work();
  } finally {
    trace = JSON.parse((await browser.stopTracing()).toString());
  }
  return mainThreadTasks(trace.traceEvents, new URL(visit.address).href);
}

function mainThreadTasks(events, address) {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  // The process that says it drew the page's address.
  const ours = new Set(events.filter(({ name, args }) => name === "FrameCommittedInBrowser" || name === "TracingStartedInBrowser" ? JSON.stringify(args).includes(address) : false).flatMap(({ args }) => [args.data?.processId, ...(args.data?.frames ?? []).map(({ processId }) => processId)]));
  const threads = mains.filter(({ pid }) => ours.size === 0 || ours.has(pid)).map(({ pid, tid }) => `${pid}/${tid}`);
  const tasks = events.filter(({ name, ph, pid, tid }) => ph === "X" && /RunTask$/.test(name) && threads.includes(`${pid}/${tid}`));
  if (tasks.length === 0) throw new Error("the trace holds no task of the page");
  const byProcessor = tasks.some(({ tdur }) => tdur !== undefined);
  const milliseconds = tasks.map(({ dur, tdur }) => (byProcessor ? (tdur ?? 0) : dur) / 1000);
  return { byProcessor, tasks: milliseconds.sort((a, b) => b - a) };
}
