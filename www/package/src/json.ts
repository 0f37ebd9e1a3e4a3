// JSON with exact integers: `bigint` in, plain digits out.
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
