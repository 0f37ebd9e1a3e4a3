import type { EndpointNote } from "./types.js";

/** Anything that Spanlight refuses to do. What is wrong with the evidence is a verdict, not an error. */
export class SpanlightError extends Error {
  override readonly name: string = "SpanlightError";
  /** Stable: `bundle.magic`, `trust.no_bridge`, `rpc.transport`. The same on every surface of Spanlight. */
  readonly code: string;
  /** What was found of endpoints, where any were asked. */
  notes: EndpointNote[] = [];

  /** @internal */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An argument that cannot be used: a bundle, header or stored state that cannot be read, or an option. */
export class InputError extends SpanlightError {
  override readonly name = "InputError";
}

/** A trust file that cannot be used. */
export class TrustError extends SpanlightError {
  override readonly name = "TrustError";
}

/** Endpoints that gave no answer, an error, something useless or something false; `cause` is what one of them threw, if it did. */
export class EndpointError extends SpanlightError {
  override readonly name = "EndpointError";
}

/**
 * No bundle can be made of this: no such transaction, an empty range, a chain that cannot be followed by this trust, or by this
 * machine's clock. No node is at fault.
 */
export class ProveError extends SpanlightError {
  override readonly name = "ProveError";
}

/** The WebAssembly module cannot be loaded. */
export class LoadError extends SpanlightError {
  override readonly name = "LoadError";
}

/**
 * A fault of Spanlight itself. The WebAssembly instance was dropped, since nobody knows what state its memory is in; the
 * next call gets a new one.
 */
export class CrashError extends SpanlightError {
  override readonly name = "CrashError";
}

/** Who is at fault. The same rule broken is one of a node's where it gave the header, and of the caller's where he did. */
export type FaultKind = "endpoint" | "prove" | "trust";

/** The error class for a code; `kind` is said where the code alone does not tell who is at fault. */
export function errorOf(code: string, message: string, cause?: unknown, kind?: FaultKind): SpanlightError {
  const text = message === "" ? code : says(message, code) ? message : `${message} (${code})`;
  const options = cause === undefined ? undefined : { cause };
  switch (kind ?? code.split(".", 1)[0]) {
    case "trust":
      return new TrustError(code, text, options);
    case "endpoint":
    case "rpc":
      return new EndpointError(code, text, options);
    case "prove":
    case "not_yet_trusted":
    case "missing":
      return new ProveError(code, text, options);
    case "wasm":
      return code === "wasm.crash" ? new CrashError(code, text, options) : new LoadError(code, text, options);
    default:
      return new InputError(code, text, options);
  }
}

/** Whether the words hold the code already, as the core's do on what is not covered. A longer code that begins with it is another. */
function says(message: string, code: string): boolean {
  return message.split(/[^\w.]+/).some((word) => word.replace(/\.$/, "") === code);
}

/** The kind of an error by the name of its class, which alone comes through to another thread. */
export function kindOfError(name: string | undefined): FaultKind | undefined {
  return name === "EndpointError" ? "endpoint" : name === "ProveError" ? "prove" : name === "TrustError" ? "trust" : undefined;
}

/** Why a worker said nothing at all: its script was not there, or failed at once. */
export function notStarted(why: string, cause?: unknown): SpanlightError {
  const help = "esbuild and Rollup do not bring its script along; with them start a worker of your own from `spanlight/worker-parts` and `spanlight/inline`";
  return errorOf("wasm.load", `the worker did not start${why}; ${help}`, cause);
}
