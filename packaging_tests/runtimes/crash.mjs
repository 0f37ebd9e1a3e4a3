// A fault of the module: the call is refused by name, the instance dropped, and the next call works.
import { argv } from "node:process";
import { readFile } from "node:fs/promises";

const [fixtures] = argv.slice(2);
const result = { passed: 0, failures: [] };
const engine = await import(new URL("./engine.js", import.meta.resolve("spanlight")));
const spanlight = await import("spanlight");
const waiting = engine.call(() => new Promise(() => {})).catch((error) => error.code);
const error = await engine.call((glue) => glue.panic_for_tests()).catch((thrown) => thrown);
for (const [what, holds] of [
  ["named", error instanceof spanlight.CrashError && error.code === "wasm.crash" && error.cause instanceof WebAssembly.RuntimeError],
  ["others are told", (await waiting) === "wasm.crash"],
  ["a new instance works", (await spanlight.inspect(await readFile(`${fixtures}/bundles/stuck.spl`))).verified === false],
]) {
  if (holds) result.passed += 1;
  else result.failures.push(`a crash: ${what}, ${error}`);
}
console.log(JSON.stringify(result));
