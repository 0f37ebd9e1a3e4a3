// How a node is asked: an address by fetch, anything else by its own `request`.
import type { Endpoint } from "./types.js";

/** What the module calls: resolves to the text of a JSON-RPC response. */
export interface TextEndpoint {
  request(method: string, params: string): Promise<string>;
}

/** The end of a whole call, with one listener on the caller's signal however many requests wait for it. */
export class Ending {
  readonly #waiting = new Set<(reason: unknown) => void>();
  readonly #signal: AbortSignal | undefined;
  readonly #stop = (): void => {
    for (const tell of this.#waiting) tell(this.#signal?.reason);
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  get aborted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  check(): void {
    this.#signal?.throwIfAborted();
  }

  /** Calls `tell` when it ends; gives what takes that back. */
  wait(tell: (reason: unknown) => void): () => void {
    this.#waiting.add(tell);
    return () => void this.#waiting.delete(tell);
  }

  close(): void {
    this.#signal?.removeEventListener("abort", this.#stop);
  }
}

export interface EndpointOptions {
  ending: Ending;
  timeout: number;
  /** Told of the last failure, since only its words reach the module. */
  failed(cause: unknown): void;
}

/** Longest answer that is read, in bytes. */
const MOST = 64 * 1024 * 1024;
const BATCH = 100;
const TRIES = 3;
const PAUSE = 250;

export function open(endpoint: Endpoint, options: EndpointOptions): TextEndpoint {
  const ask =
    typeof endpoint === "string" || endpoint instanceof URL ? byFetch(endpoint, options) : byProvider(endpoint);
  return {
    async request(method, params) {
      try {
        options.ending.check();
        return await abortable(ask(method, params), options.ending);
      } catch (cause) {
        options.failed(cause);
        throw cause;
      }
    },
  };
}

function byProvider(provider: Exclude<Endpoint, string | URL>): TextEndpoint["request"] {
  return async (method, params) => {
    try {
      const result = await provider.request({ method, params: JSON.parse(params) as unknown[] });
      return JSON.stringify({ result: result ?? null });
    } catch (thrown) {
      const error = thrown as { code?: unknown; message?: unknown };
      // A provider throws the node's own error; without a number it is a failure to reach it.
      if (typeof error?.code !== "number" || !Number.isSafeInteger(error.code)) throw thrown;
      return JSON.stringify({ error: { code: error.code, message: String(error.message ?? "") } });
    }
  };
}

interface Call {
  text: string;
  id: number;
  resolve(response: string): void;
  reject(cause: unknown): void;
}

/** Calls of one moment travel together. */
function byFetch(address: string | URL, { ending, timeout }: EndpointOptions): TextEndpoint["request"] {
  let calls = 0;
  let waiting: Call[] = [];

  const ask = async (body: string): Promise<string> => {
    for (let tried = 1; ; tried++) {
      try {
        return await post(address, body, ending, timeout);
      } catch (cause) {
        if (tried === TRIES || ending.aborted || cause instanceof Refusal) throw cause;
        await new Promise((resolve) => setTimeout(resolve, PAUSE * 2 ** (tried - 1)));
      }
    }
  };
  const send = async (batch: Call[]): Promise<void> => {
    const [first, second] = batch;
    try {
      if (first !== undefined && second === undefined) return first.resolve(await ask(first.text));
      const answer = await ask(`[${batch.map((call) => call.text).join(",")}]`);
      hand(answer, batch);
    } catch (cause) {
      for (const call of batch) call.reject(cause);
    }
  };
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    for (let start = 0; start < batch.length; start += BATCH) void send(batch.slice(start, start + BATCH));
  };

  return (method, params) =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      const text = `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`;
      if (waiting.push({ text, id, resolve, reject }) === 1) queueMicrotask(flush);
    });
}

/** Gives each call its part of a batch's answer. */
function hand(answer: string, batch: Call[]): void {
  const parts = JSON.parse(answer) as { id?: unknown }[] | { error?: unknown };
  if (!Array.isArray(parts)) {
    // The node refuses the batch as a whole.
    for (const call of batch) call.resolve(answer);
    return;
  }
  const byId = new Map(parts.map((part) => [part?.id, part]));
  for (const { id, resolve, reject } of batch) {
    const part = byId.get(id);
    if (part === undefined) reject(new Error("the node left a call of a batch unanswered"));
    else resolve(JSON.stringify(part));
  }
}

/** An answer that asking again would not change. */
class Refusal extends Error {}

async function post(
  address: string | URL,
  body: string,
  ending: Ending,
  timeout: number,
): Promise<string> {
  const timer = new AbortController();
  const late = setTimeout(() => timer.abort(new Error(`no answer within ${timeout} ms`)), timeout);
  const forget = ending.wait((reason) => timer.abort(reason));
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch(address, { method: "POST", headers, body, signal: timer.signal });
    const text = await read(response);
    if (response.ok || /^\s*[[{]/.test(text)) return text;
    const status = `HTTP status ${response.status}`;
    throw response.status === 429 || response.status >= 500 ? new Error(status) : new Refusal(status);
  } catch (cause) {
    throw timer.signal.aborted ? timer.signal.reason : cause;
  } finally {
    clearTimeout(late);
    forget();
  }
}

async function read(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MOST) {
      await reader.cancel();
      throw new Refusal(`an answer of more than ${MOST} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Gives up waiting at the end of the call, also where a provider does not listen to it. */
async function abortable<T>(work: Promise<T>, ending: Ending): Promise<T> {
  let forget = (): void => {};
  const aborted = new Promise<never>((_, reject) => (forget = ending.wait(reject)));
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}
