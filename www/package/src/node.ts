/** Spanlight for Node, Deno and Bun: each part of the module is read from beside this file. */
import { setDefaultSource } from "./engine.js";
import { readGathering, readJudging } from "./read-module.js";

setDefaultSource({
  judging: async () => WebAssembly.compile(await readJudging()),
  gathering: async () => WebAssembly.compile(await readGathering()),
});

export * from "./exports.js";
