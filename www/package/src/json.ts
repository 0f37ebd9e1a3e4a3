// JSON with exact integers: `bigint` in, plain digits out; and what the module gives, as objects.
import { errorOf } from "./errors.js";

/** JSON text of a value; text passes as it is. */
export function toJson(value: unknown, code: string): string {
  return typeof value === "string" ? value : write(value, code);
}

function write(value: unknown, code: string): string {
  switch (typeof value) {
    case "bigint":
      return value.toString();
    case "number":
      if (Number.isSafeInteger(value)) return value.toString();
      throw errorOf(code, `${value} is no exact integer; write a bigint, or give the JSON text`);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `[${value.map((item) => write(item, code)).join(",")}]`;
      return `{${Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([name, field]) => `${JSON.stringify(name)}:${write(field, code)}`)
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
  return { ...(fromModule(report) as object), ...(fromModule(more) as object), bundle };
}

function unmark(_: string, value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value.startsWith("n") ? BigInt(value.slice(1)) : value.slice(1);
}
