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

/** Endpoints that gave no answer, an error, or something useless; `cause` is what one of them threw, if it did. */
export class EndpointError extends SpanlightError {
  override readonly name = "EndpointError";
}

/** No bundle can be made of this: no such transaction, an empty range, a chain that cannot be followed. */
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

/** The error class for a code. */
export function errorOf(code: string, message: string, cause?: unknown): SpanlightError {
  const text = message === "" || message === code ? code : `${message} (${code})`;
  const options = cause === undefined ? undefined : { cause };
  switch (code.split(".", 1)[0]) {
    case "trust":
      return new TrustError(code, text, options);
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
