/**
 * Spanlight in a worker, so that nothing long runs where a page is drawn.
 *
 * @packageDocumentation
 */
import { errorOf, notStarted } from "./errors.js";
import { startThread } from "./start-thread.js";
import { connectWorker, type SpanlightWorker } from "./worker-parts.js";

/**
 * Starts a worker.
 *
 * @param worker - one that runs `spanlight/worker-thread`; left out, one is started from the file beside this one, which Vite
 * and webpack find by themselves
 */
export function startWorker(worker?: Worker): SpanlightWorker {
  return connectWorker(worker ?? started());
}

function started(): Worker {
  const instead = "call the functions of `spanlight` themselves, or give startWorker a web worker";
  if (typeof Worker !== "function") throw errorOf("options.worker", `this runtime has no web workers; ${instead}`);
  try {
    return startThread();
  } catch (cause) {
    throw notStarted(`: ${(cause as Error).message}`, cause);
  }
}

export type { SpanlightWorker } from "./worker-parts.js";
export { CrashError, EndpointError, InputError, LoadError, ProveError, SpanlightError, TrustError } from "./errors.js";
export type * from "./types.js";
