/**
 * Spanlight in a worker, so that nothing long runs where a page is drawn.
 *
 * @packageDocumentation
 */
import { connectWorker, type SpanlightWorker } from "./worker-parts.js";

/**
 * Starts a worker.
 *
 * @param worker - one that runs `spanlight/worker-thread`; left out, one is started from the file beside this one, which Vite
 * and webpack find by themselves
 */
export function startWorker(worker?: Worker): SpanlightWorker {
  return connectWorker(worker ?? new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" }));
}

export type { SpanlightWorker } from "./worker-parts.js";
export { CrashError, EndpointError, InputError, LoadError, ProveError, SpanlightError, TrustError } from "./errors.js";
export type * from "./types.js";
