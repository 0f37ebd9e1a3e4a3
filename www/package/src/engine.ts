// The life of a WebAssembly instance: loaded once, called, and dropped for good after a crash.
import { errorOf, SpanlightError } from "./errors.js";
import { glue, type Glue } from "./glue.js";
import { fromModule } from "./json.js";

/** Where the module comes from. */
export type Source = () => Promise<WebAssembly.Module> | WebAssembly.Module;

let source: Source | undefined;
let compiled: Promise<WebAssembly.Module> | undefined;
let running: Promise<Running> | undefined;

/** Sets the source that an entry point brings, unless another one was set on purpose. */
export function setDefaultSource(chosen: Source): void {
  source ??= chosen;
}

/** Sets the source on purpose; what ran before is dropped. */
export function setSource(chosen: Source): void {
  source = chosen;
  compiled = undefined;
  running = undefined;
}

/** The compiled module. */
export function compile(): Promise<WebAssembly.Module> {
  if (source === undefined) {
    return Promise.reject(errorOf("wasm.not_initialized", "call init with the module first"));
  }
  const chosen = source;
  // A failed load is not remembered: the network may be back.
  compiled ??= Promise.resolve()
    .then(chosen)
    .catch((cause: unknown) => {
      compiled = undefined;
      if (cause instanceof SpanlightError) throw cause;
      throw errorOf("wasm.load", `the WebAssembly module cannot be loaded: ${words(cause)}`, cause);
    });
  return compiled;
}

interface Running {
  glue: Glue;
  /** Rejects when the instance has crashed, so that nobody waits for it in vain. */
  crashed: Promise<never>;
  drop(cause: unknown): void;
}

async function start(): Promise<Running> {
  const module = await compile();
  let reject: (cause: unknown) => void = () => {};
  const crashed = new Promise<never>((_, refuse) => (reject = refuse));
  crashed.catch(() => {});
  const drop = (cause: unknown): void => {
    running = undefined;
    reject(cause);
  };
  return { glue: await glue(module, drop), crashed, drop };
}

/** Calls into the module, and makes an object of what it gives; whatever it throws becomes one of our errors. */
export async function call<T>(job: (glue: Glue) => unknown): Promise<T> {
  running ??= start().catch((cause: unknown) => {
    running = undefined;
    throw cause instanceof SpanlightError ? cause : errorOf("wasm.load", words(cause), cause);
  });
  const used = await running;
  try {
    return fromModule(await Promise.race([job(used.glue), used.crashed])) as T;
  } catch (thrown) {
    if (isFault(thrown)) throw Object.assign(errorOf(thrown.code, thrown.message), { notes: fromModule(thrown.notes) ?? [] });
    // Anything else is a trap or a panic: the memory of the instance may be in any state.
    used.drop(thrown);
    throw errorOf("wasm.crash", `a fault of Spanlight: ${words(thrown)}`, thrown);
  }
}

function isFault(thrown: unknown): thrown is { code: string; message: string; notes?: unknown } {
  return (
    typeof thrown === "object" &&
    thrown !== null &&
    !(thrown instanceof Error) &&
    typeof (thrown as { code?: unknown }).code === "string"
  );
}

function words(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
