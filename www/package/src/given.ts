// What callers give, read before any of it is used. Each reader takes one kind of argument, and refuses anything else with an
// InputError that names the argument: JavaScript would fail much later, with words about our code.
import { errorOf } from "./errors.js";
import { parseToml } from "./toml.js";
import { toJson } from "./json.js";
import type { Bytes, Endpoint, Time, Trust, When } from "./types.js";

/** The options of a call as an object. */
export function optionsOf<T extends object>(given: T, call: string, example: string): T {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  throw errorOf("options.missing", `${call} takes its options as an object, for example ${example}; it got ${kindOf(given)}`);
}

/** Bytes in any of the forms that JavaScript has for them. A text is refused: it would be a path, or a Buffer's text. */
export function bytesOf(given: Bytes, what: string, code: string): Uint8Array {
  const found = asBytes(given, what, code);
  if (found !== undefined) return found;
  throw errorOf(code, `${what} must be bytes (Uint8Array, ArrayBuffer or DataView); it is ${kindOf(given)}`);
}

// An object of another frame, or of Jest's sandbox, is no instance of this frame's class: so its tag is asked.
function asBytes(given: unknown, what: string, code: string): Uint8Array | undefined {
  const isView = ArrayBuffer.isView(given);
  if (!isView && tagOf(given) !== "ArrayBuffer" && tagOf(given) !== "SharedArrayBuffer") return undefined;
  try {
    const bytes = isView ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength) : new Uint8Array(given as ArrayBuffer);
    // Memory that another thread may write to is copied: what is checked must be what is used.
    return tagOf(bytes.buffer) === "SharedArrayBuffer" ? Uint8Array.from(bytes) : bytes;
  } catch (cause) {
    throw errorOf(code, `the memory of ${what} cannot be read; was it sent to a worker?`, cause);
  }
}

/** The JSON text of a trust: of JSON or TOML, as text or as a file's bytes, or of the parsed object. */
export function trustText(given: Trust): string {
  const file = asBytes(given, "the trust file", "options.trust");
  if (file !== undefined) return ofFile(new TextDecoder().decode(file));
  if (typeof given === "string") return ofFile(given);
  if (typeof given === "object" && given !== null) return toJson(given, "trust.json");
  throw errorOf("options.trust", `trust must be the content of a trust file, or the parsed object; it is ${kindOf(given)}`);
}

function ofFile(text: string): string {
  const plain = withoutMark(text);
  return /^\s*\{/.test(plain) ? plain : parseToml(plain);
}

/** Text without the mark that some editors put before it (BOM). */
export function withoutMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

/** A name, for example of a chain. */
export function nameOf(given: unknown, option: string, what: string): string {
  if (typeof given === "string" && given !== "") return given;
  throw errorOf(`options.${option}`, `\`${option}\` must be ${what}; it is ${kindOf(given)}`);
}

const MOST = (1n << 64n) - 1n;

/** A count that may be left out. Numbers beyond 2^53 must be `bigint`: others have lost digits already. */
export function countOf(given: unknown, option: string, least = 0n, most = MOST): bigint | undefined {
  if (given === undefined) return undefined;
  const whole = typeof given === "bigint" ? given : typeof given === "number" && Number.isSafeInteger(given) ? BigInt(given) : undefined;
  if (whole !== undefined && whole >= least && whole <= most) return whole;
  throw errorOf(`options.${option}`, `\`${option}\` must be a whole number from ${least} to ${most}, a number or a bigint; it is ${kindOf(given)}`);
}

/** A function that may be left out. */
export function functionOf<F>(given: F | undefined, option: string): F | undefined {
  if (given === undefined || typeof given === "function") return given;
  throw errorOf(`options.${option}`, `\`${option}\` must be a function; it is ${kindOf(given)}`);
}

/** A signal that may be left out. */
export function signalOf(given: AbortSignal | undefined): AbortSignal | undefined {
  if (given === undefined || (typeof given === "object" && given !== null && typeof given.aborted === "boolean" && typeof given.addEventListener === "function")) return given;
  throw errorOf("options.signal", `\`signal\` must be an AbortSignal; it is ${kindOf(given)}`);
}

/** Rejects with the signal's reason where it has come. */
export function unlessAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** The endpoints of one chain as a list. `from` says where they were given. */
export function listOf(given: Endpoint | readonly Endpoint[] | undefined, from: string): readonly Endpoint[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw errorOf("options.endpoints", `${from} is an empty list; give at least one node`);
  list.forEach((endpoint, place) => {
    if (isAddress(endpoint) || isProvider(endpoint)) return;
    const hint = endpoint === undefined ? "; is an environment variable not set?" : "";
    const where = Array.isArray(given) ? `${from}[${place}]` : from;
    throw errorOf("options.endpoints", `${where} must be the address of a node, or an object with \`request\` (EIP-1193) or \`send\` (ethers); it is ${kindOf(endpoint)}${hint}`);
  });
  return list as readonly Endpoint[];
}

/** Whether it is reached by its address. */
export function isAddress(given: unknown): given is string | URL {
  return typeof given === "string" || tagOf(given) === "URL";
}

function isProvider(given: unknown): boolean {
  if ((typeof given !== "object" && typeof given !== "function") || given === null) return false;
  const { request, send } = given as { request?: unknown; send?: unknown };
  return typeof request === "function" || typeof send === "function";
}

/** The time to judge by, given by itself or as an option; nothing where it is left out, and the clock counts. */
export function timeOf(given: When | undefined): bigint | undefined {
  const isOptions = typeof given === "object" && given !== null && tagOf(given) !== "Date";
  const time = isOptions ? (given as { now?: Time }).now : (given as Time | undefined);
  return time === undefined ? undefined : seconds(time);
}

// The module takes 64 bits, and what is larger would come out there as some other time.
function seconds(time: Time): bigint {
  const value: unknown = tagOf(time) === "Date" ? (time as Date).getTime() / 1000 : time;
  if (typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value))) {
    const whole = typeof value === "bigint" ? value : BigInt(Math.floor(value));
    if (whole >= 0n && whole <= MOST) return whole;
  }
  throw errorOf("options.now", `\`now\` must be a Date or unix seconds from 0 to ${MOST}; it is ${kindOf(time)}`);
}

/** What something is, in words that a message may hold: it never fails, and repeats no more than a number. */
export function kindOf(given: unknown): string {
  if (given === undefined || given === null) return String(given);
  if (typeof given === "number" || typeof given === "boolean") return String(given);
  if (typeof given === "bigint") return `${given}n`;
  if (typeof given === "string") return given === "" ? "an empty text" : "a text";
  if (typeof given === "symbol" || typeof given === "function") return `a ${typeof given}`;
  if (Array.isArray(given)) return `a list of ${given.length}`;
  const tag = tagOf(given);
  return tag === "Object" ? "an object" : `an object (${tag})`;
}

function tagOf(given: unknown): string {
  return Object.prototype.toString.call(given).slice(8, -1);
}
