// How a node is reached: an address by fetch, anything else by its own `request`. Tries, pauses, batches, and which of several
// endpoints is asked are the module's.
import { errorOf } from "./errors.js";
import { isAddress, kindOf } from "./given.js";
import type { Endpoint, RequestProvider, SendProvider } from "./types.js";

/** What the module calls. Its promises resolve to nothing once the whole call is cancelled. */
export interface Node {
  /** As it may be shown: without what may be a password or a key. */
  name: string;
  /** Whether `post` is to be used; else `request`. */
  http: boolean;
  /** Sends a body once. */
  post(body: string): Promise<Posted | undefined>;
  pause(milliseconds: number): Promise<void>;
  /** Asks a provider: resolves to the text of a JSON-RPC response. */
  request(method: string, params: string): Promise<string | undefined>;
}

/** An answer over HTTP. */
export interface Posted {
  status: number;
  /** Seconds that the node asks to wait. */
  wait: number | undefined;
  text: string;
}

/** The end of a whole call, with one listener on the caller's signal however many requests wait for it. */
export class Ending {
  readonly #waiting = new Set<() => void>();
  readonly #signal: AbortSignal | undefined;
  readonly #stop = (): void => {
    for (const tell of this.#waiting) tell();
  };

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** The work, or nothing where the call ends before it. */
  async race<T>(work: (ended: AbortSignal) => Promise<T>): Promise<T | undefined> {
    if (this.#signal?.aborted) return undefined;
    const control = new AbortController();
    let tell = (): void => {};
    const ended = new Promise<undefined>((resolve) => {
      tell = () => {
        resolve(undefined);
        control.abort();
      };
    });
    this.#waiting.add(tell);
    try {
      return await Promise.race([work(control.signal), ended]);
    } finally {
      this.#waiting.delete(tell);
    }
  }

  close(): void {
    this.#signal?.removeEventListener("abort", this.#stop);
  }
}

export interface NodeOptions {
  ending: Ending;
  timeout: number;
  /** Told of the last failure, since only its words reach the module. */
  failed(cause: unknown): void;
}

/** Longest answer that is read, in bytes. */
const MOST = 64 * 1024 * 1024;

/** An answer is longer than it may be. */
export class TooLarge extends Error {
  /** Asking again would not change it. */
  readonly final = true;
}

/** The endpoints of one chain, in the order given. */
export function openAll(list: readonly Endpoint[], options: NodeOptions): Node[] {
  return list.map((endpoint, place) => open(endpoint, list.length === 1 ? "provider" : `provider ${place + 1}`, options));
}

function open(endpoint: Endpoint, provider: string, { ending, timeout, failed }: NodeOptions): Node {
  const watched = async <T>(work: (ended: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    try {
      return await ending.race(work);
    } catch (cause) {
      failed(cause);
      throw cause;
    }
  };
  const http = isAddress(endpoint);
  return {
    name: http ? shown(endpoint) : provider,
    http,
    post: (body) => watched((ended) => post(endpoint as string | URL, body, ended, timeout)),
    pause: (milliseconds) => ending.race(() => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))),
    request: (method, params) => watched(() => ask(endpoint as RequestProvider | SendProvider, method, params)),
  };
}

/** Scheme, host and port. Users' names, paths and queries hold the keys of hosted nodes. */
function shown(address: string | URL): string {
  const { location } = globalThis as { location?: { href: string } };
  let url: URL;
  try {
    url = new URL(address, location?.href);
  } catch {
    // Neither this error nor the runtime's, which is left out, repeats it: it may hold a key.
    throw errorOf("options.endpoints", "this is no address of a node; an address begins with http:// or https://");
  }
  const { protocol, host, username, password, pathname, search, hash } = url;
  if (protocol !== "http:" && protocol !== "https:") throw errorOf("options.endpoints", `an address that begins with ${protocol}: only http and https are spoken`);
  const hidden = username + password + search + hash !== "" || pathname !== "/";
  return `${protocol}//${host}${hidden ? "/..." : ""}`;
}

async function ask(provider: RequestProvider | SendProvider, method: string, params: string): Promise<string> {
  try {
    const list = JSON.parse(params) as unknown[];
    const result: unknown = await ("request" in provider && typeof provider.request === "function" ? provider.request({ method, params: list }) : (provider as SendProvider).send(method, list));
    return JSON.stringify({ result: result ?? null });
  } catch (thrown) {
    const error = nodesError(thrown);
    if (error === undefined) throw thrown;
    return JSON.stringify({ error: { code: error.code, message: String(error.message ?? "") } });
  }
}

/** The node's own error, which a provider throws as it is, and ethers inside another; nothing where no node was reached. */
function nodesError(thrown: unknown): { code: number; message?: unknown } | undefined {
  const { info, error } = (thrown ?? {}) as { info?: { error?: unknown }; error?: unknown };
  for (const found of [thrown, error, info?.error]) {
    const { code } = (found ?? {}) as { code?: unknown };
    if (typeof code === "number" && Number.isSafeInteger(code)) return found as { code: number };
  }
  return undefined;
}

// A user's name and password go as a header: fetch refuses an address that holds them, and its error
// repeats them.
function withoutUser(address: string | URL): { url: string | URL; headers: Record<string, string> } {
  const headers: Record<string, string> = { "content-type": "application/json" };
  const { location } = globalThis as { location?: { href: string } };
  const url = new URL(address, location?.href);
  const { username, password } = url;
  if (username + password === "") return { url: address, headers };
  [url.username, url.password] = ["", ""];
  // In an address every byte beyond ASCII is escaped: unescaped it is a text of bytes, as for btoa.
  const plain = (text: string): string => text.replace(/%[0-9a-f]{2}/gi, (byte) => String.fromCharCode(parseInt(byte.slice(1), 16)));
  headers.authorization = `Basic ${btoa(`${plain(username)}:${plain(password)}`)}`;
  return { url, headers };
}

async function post(address: string | URL, body: string, ended: AbortSignal, timeout: number): Promise<Posted> {
  if (typeof fetch !== "function") throw new Error("this runtime has no fetch; give an object with a `request` method instead of an address");
  const timer = new AbortController();
  const stop = (): void => timer.abort();
  const late = setTimeout(() => timer.abort(new Error(`no answer within ${timeout} ms`)), timeout);
  ended.addEventListener("abort", stop);
  try {
    const { url, headers } = withoutUser(address);
    // A redirected POST would become a GET, and a browser does not tell where to: none is followed.
    const response = await fetch(url, { method: "POST", headers, body, signal: timer.signal, redirect: "manual" });
    const { status } = response;
    const wait = Number(response.headers.get("retry-after") ?? undefined);
    // Nobody reads what comes with these; a node in trouble may not even finish it.
    const text = status === 429 || status >= 500 ? "" : await readText(response, MOST);
    return { status, wait: Number.isFinite(wait) ? wait : undefined, text };
  } catch (cause) {
    throw timer.signal.aborted ? timer.signal.reason : explained(cause);
  } finally {
    clearTimeout(late);
    ended.removeEventListener("abort", stop);
  }
}

// Node says no more than "fetch failed"; why stands in the cause.
function explained(thrown: unknown): unknown {
  const { message, cause } = thrown as { message?: unknown; cause?: { message?: unknown } };
  const why = cause?.message;
  return typeof why === "string" && why !== "" ? new Error(`${message}: ${why}`, { cause: thrown }) : thrown;
}

/**
 * The text of an answer, of which no more than so many bytes are taken in.
 *
 * @throws {@link TooLarge} where it is longer
 */
export async function readText(response: Response, most: number): Promise<string> {
  if (typeof response !== "object" || response === null || !("body" in response)) throw errorOf("options.response", `readText takes the answer of a fetch; it got ${kindOf(response)}`);
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > most) {
      // It is not waited for: a node that goes on sending may not even end.
      void reader.cancel().catch(() => undefined);
      throw new TooLarge(`the answer is larger than ${most} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
