/** Spanlight for Node, Deno and Bun: each part of the module is read from beside this file. */
import { beside, setDefaultSource } from "./engine.js";
import { readGathering, readJudging } from "./read-module.js";

setDefaultSource({
  judging: () => beside("spanlight.wasm", async () => WebAssembly.compile(await readJudging())),
  gathering: () => beside("spanlight-gathering.wasm", async () => WebAssembly.compile(await readGathering())),
});

export * from "./exports.js";
