/**
 * Spanlight for browsers and bundlers: each part of the module is fetched from beside this file, and compiled while it arrives.
 *
 * @packageDocumentation
 */
import { setDefaultSource } from "./engine.js";

setDefaultSource({
  judging: () => fetched(new URL("./spanlight.wasm", import.meta.url)),
  gathering: () => fetched(new URL("./spanlight-gathering.wasm", import.meta.url)),
});

async function fetched(address: URL): Promise<WebAssembly.Module> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
  // Streaming needs the right content type, which not every server sends.
  return answer.headers.get("content-type")?.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(answer)
    : WebAssembly.compile(await answer.arrayBuffer());
}

export * from "./exports.js";
