/** Spanlight with the module inside the script: a third larger, and nothing else to serve. */
import { setDefaultSource } from "./engine.js";
import { gathering, judging } from "./module-text.js";

setDefaultSource({ judging: () => decoded(judging), gathering: () => decoded(gathering) });

function decoded(base64: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
}

export * from "./exports.js";
