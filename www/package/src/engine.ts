// The life of a WebAssembly instance: loaded once, called, and dropped for good after a crash. The module comes in two parts;
// the one that gathers from nodes is loaded when it is first needed, into the instance that judges.
import { errorOf, SpanlightError } from "./errors.js";
import { glue, type Glue } from "./glue.js";
import { fromModule } from "./json.js";

/** Where the two parts of the module come from. */
export type Source = Record<Part, () => Promise<WebAssembly.Module> | WebAssembly.Module>;

export type Part = "judging" | "gathering";

let source: Source | undefined;
const compiled = new Map<Part, Promise<WebAssembly.Module>>();
let running: Promise<Running> | undefined;

/** Sets the source that an entry point brings, unless another one was set on purpose. */
export function setDefaultSource(chosen: Source): void {
  source ??= chosen;
}

/** Sets the source on purpose; what ran before is dropped. */
export function setSource(chosen: Source): void {
  source = chosen;
  compiled.clear();
  running = undefined;
}

/** A compiled part of the module. */
export function compile(part: Part): Promise<WebAssembly.Module> {
  if (source === undefined) {
    return Promise.reject(errorOf("wasm.not_initialized", "call init with the module first"));
  }
  const known = compiled.get(part);
  if (known !== undefined) return known;
  const compiling = Promise.resolve()
    .then(source[part])
    .catch((cause: unknown) => {
      // A failed load is not remembered: the network may be back.
      if (compiled.get(part) === compiling) compiled.delete(part);
      throw notLoaded(cause);
    });
  compiled.set(part, compiling);
  return compiling;
}

interface Running {
  glue: Glue;
  /** Loads the part that gathers. */
  gathering(): Promise<void>;
  /** Rejects when the instance has crashed, so that nobody waits for it in vain. */
  crashed: Promise<never>;
  drop(cause: unknown): void;
}

async function start(): Promise<Running> {
  const module = await compile("judging");
  let reject: (cause: unknown) => void = () => {};
  const crashed = new Promise<never>((_, refuse) => (reject = refuse));
  crashed.catch(() => {});
  const drop = (cause: unknown): void => {
    running = undefined;
    reject(cause);
  };
  const instance = await glue(module, drop);
  let added: Promise<void> | undefined;
  const gathering = (): Promise<void> =>
    (added ??= compile("gathering")
      .then((part) => instance.add(part))
      .catch((cause: unknown) => {
        added = undefined;
        throw notLoaded(cause);
      }));
  return { glue: instance, gathering, crashed, drop };
}

/** Calls into the module, and makes an object of what it gives; whatever it throws becomes one of our errors. */
export async function call<T>(job: (glue: Glue) => unknown, part: Part = "judging"): Promise<T> {
  running ??= start().catch((cause: unknown) => {
    running = undefined;
    throw notLoaded(cause);
  });
  const used = await running;
  if (part === "gathering") await used.gathering();
  try {
    return fromModule(await Promise.race([job(used.glue), used.crashed])) as T;
  } catch (thrown) {
    if (isFault(thrown)) throw Object.assign(errorOf(thrown.code, thrown.message), { notes: fromModule(thrown.notes) ?? [] });
    // Anything else is a trap or a panic: the memory of the instance may be in any state.
    used.drop(thrown);
    throw errorOf("wasm.crash", `a fault of Spanlight: ${words(thrown)}`, thrown);
  }
}

function notLoaded(cause: unknown): SpanlightError {
  if (cause instanceof SpanlightError) return cause;
  return errorOf("wasm.load", `the WebAssembly module cannot be loaded: ${words(cause)}`, cause);
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
