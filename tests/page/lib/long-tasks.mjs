// How long the thread that draws was busy at a stretch, by the browser's own trace.
//
// A task counts by the processor time that it used: what other programs of the machine take is not the page's fault. Where a
// trace tells only how long a task took by the clock, that is used.

const CATEGORIES = ["toplevel", "devtools.timeline", "__metadata"];

async function traced(visit, work) {
  const browser = visit.context.browser();
  await browser.startTracing(visit.page, { categories: CATEGORIES });
  let trace;
  try {
    await work();
  } finally {
    trace = JSON.parse((await browser.stopTracing()).toString());
  }
  return trace.traceEvents;
}

/** Runs `work` and gives its tasks of the main thread in milliseconds, longest first. */
export async function tasksDuring(visit, work) {
  const events = await traced(visit, work);
  const [page] = pagesIn(events);
  const tasks = tasksOf(events, ({ pid, tid }) => pid === page.pid && tid === page.tid);
  if (tasks.length === 0) throw new Error("the trace holds no task of the page");
  const byProcessor = tasks.some(({ tdur }) => tdur !== undefined);
  const milliseconds = tasks.map(({ dur, tdur }) => (byProcessor ? (tdur ?? 0) : dur) / 1000);
  return { byProcessor, tasks: milliseconds.sort((a, b) => b - a) };
}

/** Milliseconds of processor time that all threads of the page together took for `work`: drawing, worker, and compiling. */
export async function processorTime(visit, work) {
  const events = await traced(visit, work);
  const [page] = pagesIn(events);
  const tasks = tasksOf(events, ({ pid }) => pid === page.pid);
  if (!tasks.some(({ tdur }) => tdur !== undefined)) throw new Error("the trace tells no processor time");
  return tasks.reduce((sum, { tdur }) => sum + (tdur ?? 0), 0) / 1000;
}

/** The main threads of all pages, the busiest first: the one that the test is about. */
function pagesIn(events) {
  const mains = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const busy = ({ pid, tid }) => tasksOf(events, (event) => event.pid === pid && event.tid === tid).reduce((sum, { dur }) => sum + dur, 0);
  return mains.map(({ pid, tid }) => ({ pid, tid, busy: busy({ pid, tid }) })).sort((a, b) => b.busy - a.busy);
}

/** Outermost tasks: one that runs inside another is part of it. */
function tasksOf(events, isOurs) {
  const tasks = events.filter((event) => event.ph === "X" && /RunTask$/.test(event.name) && isOurs(event)).sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const ends = new Map();
  return tasks.filter(({ pid, tid, ts, dur }) => {
    const thread = `${pid}/${tid}`;
    if (ts < (ends.get(thread) ?? -1)) return false;
    ends.set(thread, ts + dur);
    return true;
  });
}
