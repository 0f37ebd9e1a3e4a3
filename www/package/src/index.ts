/**
 * Spanlight for browsers and bundlers: each part of the module is fetched from beside this file, and compiled while it arrives.
 *
 * @packageDocumentation
 */
import { beside, setDefaultSource } from "./engine.js";

setDefaultSource({
  judging: () => beside("spanlight.wasm", () => fetched(new URL("./spanlight.wasm", import.meta.url))),
  gathering: () => beside("spanlight-gathering.wasm", () => fetched(new URL("./spanlight-gathering.wasm", import.meta.url))),
});

async function fetched(address: URL): Promise<WebAssembly.Module> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.href} gives HTTP status ${answer.status}`);
  const type = answer.headers.get("content-type") ?? "";
  // Many servers answer with their start page where a file is not there.
  if (type.startsWith("text/html")) throw new Error(`${address.href} gives a page (${type})`);
  // Streaming needs the right content type, which not every server sends.
  return type.startsWith("application/wasm") ? WebAssembly.compileStreaming(answer) : WebAssembly.compile(await answer.arrayBuffer());
}

export * from "./exports.js";
