/** Spanlight with a module that you bring: for runtimes that compile it themselves. Call {@link init} first. */
import { setSource } from "./engine.js";
import { errorOf } from "./errors.js";
import { kindOf } from "./given.js";

/** A part of the module: compiled, as bytes, or as the answer of a fetch. */
export type Given = WebAssembly.Module | BufferSource | Response;

/**
 * A part of the module as {@link Given}; a promise of it; or a function that gives it. The
 * function is called when the part is first needed, and again where that failed; an answer can be read once only.
 */
export type Brought = Given | PromiseLike<Given> | (() => Given | PromiseLike<Given>);

/**
 * Uses this module from now on. Both parts must be of one build: a second part of another is refused with `wasm.load`.
 *
 * @param module - `spanlight/spanlight.wasm`, all that judging needs
 * @param gathering - `spanlight/spanlight-gathering.wasm`, which every call but `verify` needs as well
 */
export function init(module: Brought, gathering?: Brought): void {
  // A promise that fails is told by the call that needs it.
  for (const part of [module, gathering]) if (part instanceof Promise) part.catch(() => {});
  setSource({
    judging: () => compiled(module),
    gathering: () => {
      if (gathering !== undefined) return compiled(gathering);
      throw errorOf("wasm.not_initialized", "for all but `verify`, give init the module spanlight-gathering.wasm too");
    },
  });
}

async function compiled(module: Brought): Promise<WebAssembly.Module> {
  const given = await (typeof module === "function" ? module() : module);
  if (given instanceof WebAssembly.Module) return given;
  if (typeof given !== "object" || given === null) throw new Error(`a compiled module, its bytes or the answer of a fetch is expected; it is ${kindOf(given)}`);
  if (!("arrayBuffer" in given)) return WebAssembly.compile(given);
  if (!given.ok) throw new Error(`HTTP status ${given.status}`);
  return WebAssembly.compile(await given.arrayBuffer());
}

export * from "./exports.js";
