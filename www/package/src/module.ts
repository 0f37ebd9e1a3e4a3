/** Spanlight with a module that you bring: for runtimes that compile it themselves. Call {@link init} first. */
import { setSource } from "./engine.js";
import { errorOf } from "./errors.js";

/** A part of the module: compiled, as bytes, or as the answer of a fetch. */
export type Brought = WebAssembly.Module | BufferSource | Response | PromiseLike<Response>;

/**
 * Uses this module from now on.
 *
 * @param module - `spanlight/spanlight.wasm`, all that judging needs
 * @param gathering - `spanlight/spanlight-gathering.wasm`, which `prove`, `audit` and `sync` need as well; or a function that
 * gives it, called when one of them is first used
 */
export function init(module: Brought, gathering?: Brought | (() => Brought)): void {
  setSource({
    judging: () => compiled(module),
    gathering: () => {
      if (gathering !== undefined) return compiled(typeof gathering === "function" ? gathering() : gathering);
      throw errorOf("wasm.not_initialized", "to ask nodes, give init the module spanlight-gathering.wasm too");
    },
  });
}

async function compiled(module: Brought): Promise<WebAssembly.Module> {
  if (module instanceof WebAssembly.Module) return module;
  const given = await (module as BufferSource | Response | PromiseLike<Response>);
  return WebAssembly.compile("arrayBuffer" in given ? await given.arrayBuffer() : given);
}

export * from "./exports.js";
