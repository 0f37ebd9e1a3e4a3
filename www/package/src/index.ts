/**
 * Spanlight for browsers and bundlers: the module is fetched from beside this file and compiled while it arrives.
 *
 * @packageDocumentation
 */
import { setDefaultSource } from "./engine.js";

setDefaultSource(async () => {
  const answer = await fetch(new URL("./spanlight.wasm", import.meta.url));
  if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
  // Streaming needs the right content type, which not every server sends.
  return answer.headers.get("content-type")?.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(answer)
    : WebAssembly.compile(await answer.arrayBuffer());
});

export * from "./exports.js";
