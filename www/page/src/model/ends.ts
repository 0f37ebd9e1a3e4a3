// Whether the two ends of a transfer say the same in one field.
import type { TransferVerdict } from "spanlight/module";

export type Same = "true" | "false" | "unknown";

/** Whether the core has held the execution against the request: every other verdict lists no differences, whatever they are. */
export function wasCompared({ verdict, state, reason }: Pick<TransferVerdict, "verdict" | "state" | "reason">): boolean {
  return verdict === "proven" && (state === "handled" || (state === "fraud" && reason === "differs"));
}

/** `true` only for values that are compared and equal: that no difference is listed shows nothing by itself. */
export function sameness(transfer: Pick<TransferVerdict, "verdict" | "state" | "reason" | "differences">, said: string, requested: string | null | undefined, executed: string | null | undefined): Same {
  if (transfer.differences.some(({ field }) => field === said)) return "false";
  if (typeof requested !== "string" || typeof executed !== "string" || !wasCompared(transfer)) return "unknown";
  return requested === executed ? "true" : "false";
}
