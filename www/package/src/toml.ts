// Trust files in TOML, read by smol-toml, which the build puts beside this file: the package brings no other.
import { errorOf } from "./errors.js";
import { toJson } from "./json.js";
import { parse } from "./toml-parser.js";

/** The JSON text of a trust file in TOML, with exact integers. */
export function parseToml(text: string): string {
  let tree: unknown;
  try {
    tree = parse(text, { integersAsBigInt: true });
  } catch (cause) {
    const [first = ""] = String((cause as Error).message).split("\n", 1);
    // A path is the likeliest text that is neither.
    const hint = /\n/.test(text.trim()) ? "" : "; give the content of the file, not its path";
    throw errorOf("trust.syntax", `the trust file is neither JSON, which begins with {, nor TOML: ${first}${hint}`, cause);
  }
  return toJson(withoutFractions(tree), "trust.json");
}

// With exact integers, what is still a number was written with a point or an exponent. No member of
// a trust file is: the command refuses it too.
function withoutFractions(tree: unknown): unknown {
  if (typeof tree === "number") throw errorOf("trust.json", `the trust file has a number with a point or an exponent (${tree}); write a whole number`);
  if (typeof tree === "object" && tree !== null) Object.values(tree).forEach(withoutFractions);
  return tree;
}
