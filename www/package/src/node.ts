/** Spanlight for Node, Deno and Bun: the module is read from beside this file. */
import { setDefaultSource } from "./engine.js";
import { readModule } from "./read-module.js";

setDefaultSource(async () => WebAssembly.compile(await readModule()));

export * from "./exports.js";
