// JSON with exact integers: `bigint` in, plain digits out; and what the module gives, as objects.
import { errorOf } from "./errors.js";

/** JSON text of a value; text passes as it is. */
export function toJson(value: unknown, code: string): string {
  return typeof value === "string" ? value : write(value, code, DEEPEST);
}

/** Nothing that is given here is deeper, but what refers to itself is. */
const DEEPEST = 64;

function write(value: unknown, code: string, deeper: number): string {
  if (deeper === 0) throw errorOf(code, `an object is nested more than ${DEEPEST} deep, or holds itself`);
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "number":
      if (Number.isSafeInteger(value)) return value.toString();
      throw errorOf(code, `${value} is no exact integer; write a bigint, or give the JSON text`);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map((item) => write(item, code, deeper - 1)).join(",")}]`;
      return `{${Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([name, field]) => `${JSON.stringify(name)}:${write(field, code, deeper - 1)}`)
        .join(",")}}`;
    default:
      return JSON.stringify(value) ?? "null";
  }
}

/**
 * What the module gives: JSON in which every string begins with `s`, and a 64-bit number is a string that begins with `n`; or a
 * list of a report, what stands beside it, and a bundle.
 */
export function fromModule(given: unknown): unknown {
  if (typeof given === "string") return JSON.parse(given, unmark);
  if (!Array.isArray(given)) return given;
  const [report, more, bundle] = given as [string, string, Uint8Array];
  return withToJson({ ...(fromModule(report) as object), ...(fromModule(more) as object), bundle });
}

function unmark(_: string, value: unknown): unknown {
  if (typeof value === "object" && value !== null) return withToJson(value);
  if (typeof value !== "string") return value;
  return value.startsWith("n") ? BigInt(value.slice(1)) : value.slice(1);
}

/** The same with a `toJSON` on each object inside: what comes from a worker has lost it. */
export function printable<T>(value: T): T {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) printable(part);
  return withToJson(value);
}

// Not counted as a field: whoever compares, copies or lists an object sees what the module gave.
function withToJson<T extends object>(value: T): T {
  return Object.defineProperty(value, "toJSON", { value: toJSON, configurable: true, writable: true });
}

/** For `JSON.stringify`, which knows neither `bigint` nor bytes: decimal digits, and base64. */
function toJSON(this: object): unknown {
  return Array.isArray(this) ? this.map(asText) : Object.fromEntries(Object.entries(this).map(([name, field]) => [name, asText(field)]));
}

function asText(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  return value instanceof Uint8Array ? base64(value) : value;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 0x8000) text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  return btoa(text);
}
