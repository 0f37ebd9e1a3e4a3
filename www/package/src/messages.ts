// What the two sides of a worker say to each other.

import type { FaultKind } from "./errors.js";
import type { EndpointNote } from "./types.js";

/** The calls that a worker answers. */
export type Method = "verify" | "inspect" | "prove" | "audit" | "sync" | "load";

export type ToWorker =
  | { id: number; method: Method; args: unknown[]; progress: boolean }
  | { id: number; abort: true };

export type FromWorker =
  | { id: number; result: unknown }
  | { id: number; error: { code: string | undefined; message: string; kind: FaultKind | undefined; notes: EndpointNote[] } }
  | { id: number; progress: { stage: string; done: number; total: number | undefined } };
