// A fault of the module: the call is refused by name, the instance dropped, and the next call works.
import { argv } from "node:process";
import { readFile } from "node:fs/promises";

const [fixtures] = argv.slice(2);
const result = { passed: 0, failures: [] };
const engine = await import(new URL("./engine.js", import.meta.resolve("spanlight")));
const spanlight = await import("spanlight");
const compiled = async (name) => WebAssembly.compile(await readFile(new URL(import.meta.resolve(`spanlight/${name}.wasm`))));
const modules = { judging: () => compiled("spanlight"), gathering: () => compiled("spanlight-gathering") };
const waiting = engine.call(() => new Promise(() => {})).catch((error) => error.code);
const error = await engine.call((glue) => glue.panic_for_tests()).catch((thrown) => thrown);
// Those that wait for the same instance, or for its second part, do not run in what another call has crashed.
const bundle = await readFile(`${fixtures}/bundles/stuck.spl`);
const crashed = new Set();
const trust = await readFile(`${fixtures}/bundles/stuck.trust.json`, "utf8");
const judge = (glue) => (crashed.has(glue) ? Promise.reject({ code: "ran in a crashed instance", message: "" }) : glue.verify(bundle, trust, 1795398976n));
const judged = (report) => report.transfers?.[0].state === "stuck";
const panic = () => engine.call((glue) => (crashed.add(glue), glue.panic_for_tests())).catch((thrown) => thrown.code);
engine.setSource({ judging: modules.judging, gathering: modules.gathering });
const together = await Promise.all([panic(), engine.call(judge).catch((thrown) => thrown.code)]);
let release;
engine.setSource({ judging: modules.judging, gathering: () => new Promise((resolve) => (release = resolve)) });
const late = engine.call(judge, "gathering").catch((thrown) => thrown.code);
while (release === undefined) await new Promise((tick) => setTimeout(tick));
const meanwhile = await panic();
release(modules.gathering());
// Where every instance crashes, it ends.
const many = await Promise.all([panic(), panic(), panic(), panic(), panic(), engine.call(judge).catch((thrown) => thrown.code)]);

for (const [what, holds] of [
  ["named", error instanceof spanlight.CrashError && error.code === "wasm.crash" && error.cause instanceof WebAssembly.RuntimeError],
  [`a call that waits for the same instance: ${together}`, together[0] === "wasm.crash" && judged(together[1])],
  [`a call whose second part comes after the crash: ${await late}`, meanwhile === "wasm.crash" && judged(await late)],
  [`many crashes: ${many}`, many.slice(0, 5).every((code) => code === "wasm.crash") && (many[5] === "wasm.crash" || judged(many[5]))],
  ["others are told", (await waiting) === "wasm.crash"],
  ["a new instance works", (await spanlight.inspect(await readFile(`${fixtures}/bundles/stuck.spl`))).verified === false],
]) {
  if (holds) result.passed += 1;
  else result.failures.push(`a crash: ${what}, ${error}`);
}
console.log(JSON.stringify(result));
