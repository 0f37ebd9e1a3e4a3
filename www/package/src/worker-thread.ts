// The worker's side: runs the calls, tells the progress, listens for the end.
import * as api from "./index.js";
import type { FromWorker, ToWorker } from "./messages.js";

const running = new Map<number, AbortController>();
const scope = globalThis as unknown as {
  postMessage(message: FromWorker): void;
  addEventListener(type: "message", listener: (event: { data: ToWorker }) => void): void;
};

scope.addEventListener("message", ({ data }) => void answer(data));

async function answer(message: ToWorker): Promise<void> {
  const { id } = message;
  if ("abort" in message) return running.get(id)?.abort();
  const control = new AbortController();
  running.set(id, control);
  try {
    scope.postMessage({ id, result: await run(message, control.signal) });
  } catch (thrown) {
    const { code, message: words } = thrown as { code?: string; message?: string };
    scope.postMessage({ id, error: { code: typeof code === "string" ? code : undefined, message: words ?? String(thrown) } });
  } finally {
    running.delete(id);
  }
}

function run({ id, method, args, progress }: Extract<ToWorker, { method: string }>, signal: AbortSignal): Promise<unknown> {
  const call = api[method] as (...args: unknown[]) => Promise<unknown>;
  if (method === "verify" || method === "inspect" || method === "load") return call(...args);
  const options = { ...(args.pop() as object), signal };
  const onProgress = (event: api.ProgressEvent): void => scope.postMessage({ id, progress: event });
  return call(...args, progress ? { ...options, onProgress } : options);
}
