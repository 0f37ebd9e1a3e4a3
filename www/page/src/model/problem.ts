// Why something was refused, as a code with what belongs to it; the catalogue has its sentence.
import { TrustRefusal } from "./trust.ts";

/** A refusal to show. */
export interface Problem {
  /** Stable, the same as on the other surfaces where it comes from the core. */
  code: string;
  /** What the part that refused said, in English. */
  detail?: string;
  /** The chain whose endpoint is meant, where it is known. */
  chain?: string;
}

/** Sorts what was thrown into what a person can do about it. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof TrustRefusal) return { code: thrown.code, detail: thrown.message };
  const { code, message } = thrown as { code?: unknown; message?: unknown };
  const words = typeof message === "string" ? message : String(thrown);
  if (typeof code !== "string") return { code: "page.unexpected", detail: words };
  // The code is shown by itself, and what is not followed is said by the title.
  const detail = words.replace(` (${code})`, "").replace(/^the chain cannot be followed: /, "");
  return { code: code === "rpc.transport" ? transport(detail) : code, detail };
}

// The worker sends words, and a browser hides why it could not fetch: an absent CORS header looks like a dead host.
function transport(detail: string): string {
  if (/no answer within/.test(detail)) return "rpc.timeout";
  if (/HTTP status 429/.test(detail)) return "rpc.rate_limit";
  if (/HTTP status/.test(detail)) return "rpc.http_status";
  if (/answer of more than/.test(detail)) return "rpc.answer_too_large";
  if (/Failed to fetch|NetworkError|Load failed|fetch failed/i.test(detail)) return "rpc.unreachable";
  return "rpc.transport";
}
