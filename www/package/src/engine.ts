// The life of a WebAssembly instance: loaded once, called, and dropped for good after a crash. The module comes in two parts;
// the one that gathers from nodes is loaded when it is first needed, into the instance that judges.
import { errorOf, SpanlightError, type FaultKind } from "./errors.js";
import { glue, type Glue } from "./glue.js";
import { fromModule } from "./json.js";

/** Where the two parts of the module come from. */
export type Source = Record<Part, () => Promise<WebAssembly.Module> | WebAssembly.Module>;

export type Part = "judging" | "gathering";

let parts: Parts | undefined;
let running: Promise<Running> | undefined;

/** Sets the source that an entry point brings, unless another one was set on purpose. */
export function setDefaultSource(chosen: Source): void {
  parts ??= new Parts(chosen);
}

/** Sets the source on purpose. What runs ends with the source that it has; no call that comes gets it. */
export function setSource(chosen: Source): void {
  parts = new Parts(chosen);
  running = undefined;
}

/** A part that lies in a file beside the script. Where it is not there, a bundler has most likely left it behind. */
export async function beside(file: string, load: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await load();
  } catch (cause) {
    const help = `esbuild and Rollup leave ${file} behind: with them import "spanlight/inline" instead of "spanlight"`;
    throw errorOf("wasm.load", `${file} cannot be loaded from beside the script: ${words(cause)}; ${help}`, cause);
  }
}

/** A compiled part of the module. */
export async function compile(part: Part): Promise<WebAssembly.Module> {
  return chosenParts().compile(part);
}

function chosenParts(): Parts {
  if (parts === undefined) throw errorOf("wasm.not_initialized", "call init with the module first");
  return parts;
}

/** What one source gave, each part compiled once. */
class Parts {
  readonly #source: Source;
  readonly #compiled = new Map<Part, Promise<WebAssembly.Module>>();

  constructor(source: Source) {
    this.#source = source;
  }

  compile(part: Part): Promise<WebAssembly.Module> {
    const known = this.#compiled.get(part);
    if (known !== undefined) return known;
    const compiling = Promise.resolve()
      .then(this.#source[part])
      .catch((cause: unknown) => {
        // A failed load is not remembered: the network may be back.
        this.forget(part);
        throw notLoaded(cause);
      });
    this.#compiled.set(part, compiling);
    return compiling;
  }

  forget(part: Part): void {
    this.#compiled.delete(part);
  }
}

interface Running {
  glue: Glue;
  /** Loads the part that gathers. */
  gathering(): Promise<void>;
  /** Rejects when the instance has crashed, so that nobody waits for it in vain. */
  crashed: Promise<never>;
  /** Why nothing may run in it any more. */
  fault(): { cause: unknown } | undefined;
  drop(cause: unknown): void;
}

/** The instance of the source in use; one that was not loaded, or has crashed, is not kept. */
function current(): Promise<Running> {
  if (running !== undefined) return running;
  const forget = (): void => {
    if (running === starting) running = undefined;
  };
  const starting = start(forget).catch((cause: unknown) => {
    forget();
    throw notLoaded(cause);
  });
  return (running = starting);
}

async function start(forget: () => void): Promise<Running> {
  // Kept, since another source may be set before the second part is needed, and parts of two builds must not meet.
  const own = chosenParts();
  const module = await own.compile("judging");
  let reject: (cause: unknown) => void = () => {};
  const crashed = new Promise<never>((_, refuse) => (reject = refuse));
  crashed.catch(() => {});
  let fault: { cause: unknown } | undefined;
  const drop = (cause: unknown): void => {
    fault ??= { cause };
    forget();
    reject(cause);
  };
  const instance = await glue(module, drop);
  let added: Promise<void> | undefined;
  const gathering = (): Promise<void> =>
    (added ??= addGathering(instance, own).catch((cause: unknown) => {
      added = undefined;
      throw notLoaded(cause);
    }));
  return { glue: instance, gathering, crashed, fault: () => fault, drop };
}

async function addGathering(instance: Glue, own: Parts): Promise<void> {
  const module = await own.compile("gathering");
  try {
    await instance.add(module);
  } catch (cause) {
    own.forget("gathering");
    // Nothing of it has run or was written: what judges is as it was.
    if (!(cause instanceof WebAssembly.LinkError)) throw cause;
    const sentence = "spanlight.wasm and spanlight-gathering.wasm are of different builds; take both from the same version of the package";
    throw errorOf("wasm.load", sentence, cause);
  }
}

/** An instance that has the part. */
async function ready(part: Part): Promise<Running> {
  const used = await current();
  if (part === "gathering") await used.gathering();
  return used;
}

type Wait = <T>(load: () => Promise<T>) => Promise<T>;

/**
 * Calls into the module, and makes an object of what it gives; whatever it throws becomes one of our errors.
 *
 * @param wait - waits for the module, or rejects
 */
export async function call<T>(job: (glue: Glue) => unknown, part: Part = "judging", wait: Wait = (load) => load(), attempts = 3): Promise<T> {
  const used = await wait(() => ready(part));
  // Another call may have crashed it while this one waited.
  const fault = used.fault();
  if (fault !== undefined) {
    if (attempts > 1) return call(job, part, wait, attempts - 1);
    throw crash(fault.cause);
  }
  try {
    return fromModule(await Promise.race([job(used.glue), used.crashed])) as T;
  } catch (thrown) {
    if (isFault(thrown)) throw Object.assign(errorOf(thrown.code, thrown.message, undefined, thrown.kind), { notes: fromModule(thrown.notes) ?? [] });
    // Anything else is a trap or a panic: the memory of the instance may be in any state.
    used.drop(thrown);
    throw crash(thrown);
  }
}

function crash(thrown: unknown): SpanlightError {
  return errorOf("wasm.crash", `a fault of Spanlight: ${words(thrown)}`, thrown);
}

function notLoaded(cause: unknown): SpanlightError {
  if (cause instanceof SpanlightError) return cause;
  return errorOf("wasm.load", `the WebAssembly module cannot be loaded: ${words(cause)}`, cause);
}

function isFault(thrown: unknown): thrown is { code: string; message: string; kind?: FaultKind; notes?: unknown } {
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
