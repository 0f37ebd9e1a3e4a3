/**
 * The two halves of a worker, for a program that brings its own: a page in one file, a worker started from a blob.
 *
 * @packageDocumentation
 */
import type * as api from "./exports.js";
import { errorOf, kindOfError, notStarted, SpanlightError } from "./errors.js";
import { functionOf, kindOf, optionsOf, signalOf } from "./given.js";
import { printable } from "./json.js";
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
  for (const method of ["postMessage", "addEventListener", "terminate"] as const) {
    if (typeof thread?.[method] !== "function") throw errorOf("options.worker", `connectWorker takes a web worker, which has \`${method}\`; it got ${kindOf(thread)}`);
  }
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  // A worker that has ended answers nothing: a call to it would wait for ever.
  let ended: SpanlightError | undefined;
  let heard = false;

  const end = (reason: SpanlightError): void => {
    ended ??= reason;
    thread.terminate();
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };
  thread.addEventListener("error", ({ message }: Partial<ErrorEvent>) => end(heard ? errorOf("wasm.crash", "the worker has failed") : notStarted(message ? `: ${message}` : "")));
  thread.addEventListener("messageerror", () => end(errorOf("wasm.crash", "an answer of the worker cannot be read")));
  thread.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
    heard = true;
    const call = waiting.get(data.id);
    if (call === undefined) return;
    if ("progress" in data) return call.onProgress?.(data.progress);
    waiting.delete(data.id);
    if ("result" in data) return call.resolve(printable(data.result));
    const { code, message, kind, notes } = data.error;
    call.reject(code === undefined ? new Error(message) : Object.assign(errorOf(code, message, undefined, kind), { notes: printable(notes) }));
  });

  // Async, so that whatever is refused rejects.
  const ask = async (method: Method, args: unknown[], options?: GatherOptions): Promise<never> => {
    const signal = signalOf(options?.signal);
    const onProgress = functionOf(options?.onProgress, "onProgress");
    const sent = args.map((arg) => sendable(arg, DEEPEST));
    return new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      if (signal?.aborted) return reject(signal.reason);
      const id = ++calls;
      const stop = (): void => {
        thread.postMessage({ id, abort: true } satisfies ToWorker);
        waiting.delete(id);
        reject(signal?.reason);
      };
      const done = <T>(then: (value: T) => void) => (value: T) => {
        signal?.removeEventListener("abort", stop);
        then(value);
      };
      try {
        thread.postMessage({ id, method, args: sent, progress: onProgress !== undefined } satisfies ToWorker);
      } catch (cause) {
        return reject(errorOf("options.worker", `an argument cannot be sent to a worker: ${(cause as Error).message}`, cause));
      }
      waiting.set(id, { resolve: done(resolve as (value: unknown) => void), reject: done(reject), onProgress });
      signal?.addEventListener("abort", stop, { once: true });
    });
  };
  const gather = async (method: Method, before: unknown[], options: GatherOptions): Promise<never> => {
    const { signal: _, onProgress: __, ...rest } = optionsOf(options, method, "{ trust, … }");
    return ask(method, [...before, rest], options);
  };

  return {
    verify: (...args) => ask("verify", args),
    inspect: (...args) => ask("inspect", args),
    load: () => ask("load", []),
    prove: (subject, options) => gather("prove", [subject], options),
    audit: (range, options) => gather("audit", [range], options),
    sync: (options) => gather("sync", [], options),
    close: () => end(errorOf("wasm.closed", "the worker was closed")),
  };
}

/** Nothing that is given here is deeper, but what refers to itself is. */
const DEEPEST = 64;

// A `URL` cannot be sent, and a provider is refused by name: what asks nodes is in the worker.
function sendable(value: unknown, deeper: number): unknown {
  if (typeof value === "function") throw errorOf("options.worker", "a function cannot be sent to a worker; give endpoints as addresses, or call `spanlight` itself");
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  const tag = Object.prototype.toString.call(value);
  if (tag === "[object URL]") return (value as URL).href;
  if (deeper === 0) throw errorOf("options.worker", `an object is nested more than ${DEEPEST} deep, or holds itself`);
  if (Array.isArray(value)) return value.map((item) => sendable(item, deeper - 1));
  if (tag !== "[object Object]") return value;
  const { request, send } = value as { request?: unknown; send?: unknown };
  if (typeof request === "function" || typeof send === "function") throw errorOf("options.worker", "a provider cannot be sent to a worker; give endpoints as addresses, or call `spanlight` itself");
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, sendable(field, deeper - 1)]));
}

/**
 * The worker's half: runs the calls, tells the progress, listens for the end.
 *
 * @param entry - the entry point that loads the module, for example everything of `spanlight/inline`
 */
export function answerCalls(entry: WorkerApi): void {
  if (typeof entry?.verify !== "function") throw errorOf("options.worker", `answerCalls takes everything that an entry exports, for example of \`spanlight/inline\`; it got ${kindOf(entry)}`);
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
      const { code, name, message: words, notes = [] } = (thrown ?? {}) as Partial<SpanlightError>;
      scope.postMessage({ id, error: { code: typeof code === "string" ? code : undefined, message: words ?? String(thrown), kind: kindOfError(name), notes } });
    } finally {
      running.delete(id);
    }
  };
  scope.addEventListener("message", ({ data }) => void answer(data));
}
