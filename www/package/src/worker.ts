/**
 * Spanlight in a worker, so that nothing long runs where a page is drawn.
 *
 * @packageDocumentation
 */
import type * as api from "./exports.js";
import { errorOf, SpanlightError } from "./errors.js";
import type { FromWorker, Method, ToWorker } from "./messages.js";
import type { GatherOptions } from "./types.js";

/** The calls of the package, answered by a worker. Endpoints must be addresses: objects cannot be sent there. */
export interface SpanlightWorker {
  verify: typeof api.verify;
  inspect: typeof api.inspect;
  prove: typeof api.prove;
  audit: typeof api.audit;
  sync: typeof api.sync;
  load: typeof api.load;
  /** Ends the worker; calls that it has not answered reject. */
  close(): void;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onProgress: GatherOptions["onProgress"];
}

/**
 * Starts a worker.
 *
 * @param worker - one that runs `spanlight/worker-thread`; left out, one is started from the file beside this one, which Vite
 * and webpack find by themselves
 */
export function startWorker(worker?: Worker): SpanlightWorker {
  const thread = worker ?? new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" });
  const waiting = new Map<number, Waiting>();
  let calls = 0;

  const end = (reason: SpanlightError): void => {
    thread.terminate();
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  thread.addEventListener("error", () => end(errorOf("wasm.crash", "the worker has failed")));
  thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    const call = waiting.get(data.id);
    if (call === undefined) return;
    if ("progress" in data) return call.onProgress?.(data.progress);
    waiting.delete(data.id);
    if ("result" in data) return call.resolve(data.result);
    const { code, message } = data.error;
    call.reject(code === undefined ? new Error(message) : errorOf(code, message.replace(` (${code})`, "")));
  });

  const ask = (method: Method, args: unknown[], options: GatherOptions = {}): Promise<never> =>
    new Promise((resolve, reject) => {
      const { signal, onProgress } = options;
      if (signal?.aborted) return reject(signal.reason);
      const id = ++calls;
      const stop = (): void => {
        thread.postMessage({ id, abort: true } satisfies ToWorker);
        waiting.delete(id);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
      const done = <T>(then: (value: T) => void) => (value: T) => {
        signal?.removeEventListener("abort", stop);
        then(value);
      };
      waiting.set(id, { resolve: done(resolve as (value: unknown) => void), reject: done(reject), onProgress });
      thread.postMessage({ id, method, args, progress: onProgress !== undefined } satisfies ToWorker);
    });
  const sendable = <O extends GatherOptions>({ signal: _, onProgress: __, ...rest }: O): unknown => rest;

  return {
    verify: (...args) => ask("verify", args),
    inspect: (...args) => ask("inspect", args),
    load: () => ask("load", []),
    prove: (subject, options) => ask("prove", [subject, sendable(options)], options),
    audit: (range, options) => ask("audit", [range, sendable(options)], options),
    sync: (options) => ask("sync", [sendable(options)], options),
    close: () => end(errorOf("wasm.closed", "the worker was closed")),
  };
}

export { CrashError, EndpointError, InputError, LoadError, ProveError, SpanlightError, TrustError } from "./errors.js";
export type * from "./types.js";
