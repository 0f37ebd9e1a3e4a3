/**
 * The two halves of a worker, for a program that brings its own: a page in one file, a worker started from a blob.
 *
 * @packageDocumentation
 */
import type * as api from "./exports.js";
import { errorOf, SpanlightError } from "./errors.js";
import type { FromWorker, ToWorker, Method } from "./messages.js";
import type { GatherOptions, ProgressEvent } from "./types.js";

export { readText, TooLarge } from "./endpoint.js";

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

/** The calls that {@link answerCalls} answers: any entry point of the package has them. */
export type WorkerApi = Pick<typeof api, "verify" | "inspect" | "prove" | "audit" | "sync" | "load">;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onProgress: GatherOptions["onProgress"];
}

/**
 * The page's half: calls that the worker answers.
 *
 * @param thread - a worker that runs {@link answerCalls}
 */
export function connectWorker(thread: Worker): SpanlightWorker {
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  // A worker that has ended answers nothing: a call to it would wait for ever.
  let ended: SpanlightError | undefined;

  const end = (reason: SpanlightError): void => {
    ended ??= reason;
    thread.terminate();
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  thread.addEventListener("error", () => end(errorOf("wasm.crash", "the worker has failed")));
  thread.addEventListener("messageerror", () => end(errorOf("wasm.crash", "an answer of the worker cannot be read")));
  thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    const call = waiting.get(data.id);
    if (call === undefined) return;
    if ("progress" in data) return call.onProgress?.(data.progress);
    waiting.delete(data.id);
    if ("result" in data) return call.resolve(data.result);
    const { code, message, notes } = data.error;
    call.reject(code === undefined ? new Error(message) : Object.assign(errorOf(code, message.replace(` (${code})`, "")), { notes }));
  });

  const ask = (method: Method, args: unknown[], options: GatherOptions = {}): Promise<never> =>
    new Promise((resolve, reject) => {
      const { signal, onProgress } = options;
      if (ended !== undefined) return reject(ended);
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
  const sendable = <O extends GatherOptions>({ signal: _, onProgress: __, ...rest }: O): unknown => asText(rest);

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

// A `URL` cannot be sent.
function asText(value: unknown): unknown {
  if (value instanceof URL) return value.href;
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asText(field)]));
}

/**
 * The worker's half: runs the calls, tells the progress, listens for the end.
 *
 * @param entry - the entry point that loads the module, for example everything of `spanlight/inline`
 */
export function answerCalls(entry: WorkerApi): void {
  const running = new Map<number, AbortController>();
  const scope = globalThis as unknown as {
    postMessage(message: FromWorker): void;
    addEventListener(type: "message", listener: (event: { data: ToWorker }) => void): void;
  };

  const run = ({ id, method, args, progress }: Extract<ToWorker, { method: string }>, signal: AbortSignal): Promise<unknown> => {
    const call = entry[method] as (...args: unknown[]) => Promise<unknown>;
    if (method === "verify" || method === "inspect" || method === "load") return call(...args);
    const options = { ...(args.pop() as object), signal };
    const onProgress = (event: ProgressEvent): void => scope.postMessage({ id, progress: event });
    return call(...args, progress ? { ...options, onProgress } : options);
  };
  const answer = async (message: ToWorker): Promise<void> => {
    const { id } = message;
    if ("abort" in message) return running.get(id)?.abort();
    const control = new AbortController();
    running.set(id, control);
    try {
      scope.postMessage({ id, result: await run(message, control.signal) });
    } catch (thrown) {
      const { code, message: words, notes = [] } = thrown as Partial<SpanlightError>;
      scope.postMessage({ id, error: { code: typeof code === "string" ? code : undefined, message: words ?? String(thrown), notes } });
    } finally {
      running.delete(id);
    }
  };
  scope.addEventListener("message", ({ data }) => void answer(data));
}
