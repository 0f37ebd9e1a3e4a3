/** Spanlight with a module that you bring: for runtimes that compile it themselves. Call {@link init} first. */
import { setSource } from "./engine.js";

/**
 * Uses this module from now on.
 *
 * @param module - `spanlight/spanlight.wasm`, compiled, as bytes, or as the answer of a fetch
 */
export function init(module: WebAssembly.Module | BufferSource | Response | PromiseLike<Response>): void {
  setSource(async () => {
    if (module instanceof WebAssembly.Module) return module;
    const given = await (module as BufferSource | Response | PromiseLike<Response>);
    return WebAssembly.compile("arrayBuffer" in given ? await given.arrayBuffer() : given);
  });
}

export * from "./exports.js";
