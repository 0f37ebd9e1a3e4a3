// The report as the page shows it: tones, chains, and what is proven of a transfer.
import type { Check, Proof, Report, TransferVerdict } from "spanlight/module";

/** How a verdict looks. Only `good` is green. */
export type Tone = "good" | "wait" | "warn" | "bad" | "unknown";

/** Notes that leave a handled transfer green, as the core has it. Whatever is not named here warns. */
const QUIET_NOTES = new Set(["random_reveal_unchecked", "committee_unchecked", "votes_by_transactions", "votes_by_signatures", "votes_from_later_state"]);

export function warns(transfer: Pick<TransferVerdict, "notes">): boolean {
  return transfer.notes.some((note) => !QUIET_NOTES.has(note));
}

export function toneOf(transfer: Pick<TransferVerdict, "verdict" | "state" | "code" | "notes">): Tone {
  // Mostly the trust file of another bridge: a mistake, and no reason for alarm.
  if (transfer.code === "consensus.anchor") return "unknown";
  if (transfer.verdict === "invalid") return "bad";
  if (transfer.verdict !== "proven") return "unknown";
  switch (transfer.state) {
    case "handled":
      return warns(transfer) ? "warn" : "good";
    case "requested":
    case "voting":
      return "wait";
    case "stuck":
      return "warn";
    case "fraud":
    case "attempted":
      return "bad";
    default:
      return "unknown";
  }
}

/** The key of the catalogue's words for a verdict, from the most special to the most general. */
export function wordsKeys(transfer: TransferVerdict): string[] {
  const { verdict, state, reason, code } = transfer;
  if (verdict !== "proven") return [code ?? verdict, verdict];
  if (state === "handled" && warns(transfer)) return ["handled_with_warning"];
  return [`${state}.${reason}`, String(state)];
}

/** By how many seconds this device's clock seems to be behind, where the endpoints showed that; a bundle shows nothing of it. */
export function clockBehind(report: Report | Proof): number | null {
  const notes = "notes" in report ? report.notes : [];
  const seconds = notes.filter(({ code }) => code === "clock.behind").map((note) => Number(note.seconds ?? 0));
  return seconds.length === 0 ? null : Math.max(...seconds);
}

/** The chains that make no blocks by all of their nodes, as the endpoints showed. */
export function standing(report: Report | Proof): { chain: string; block: bigint; since: bigint }[] {
  const notes = "notes" in report ? report.notes : [];
  return notes.filter(({ code }) => code === "chain.stands_still").map(({ chain, height, since }) => ({ chain, block: height ?? 0n, since: since ?? 0n }));
}

/** How one chain was followed, from the report's checks. */
export interface Followed {
  chain: string;
  checkpoint: string;
  head: string;
  headers: string;
}

export function followed(report: Report): Followed[] {
  const chains = new Map<string, Followed>();
  for (const check of report.chains) {
    const said = inputs(check);
    const chain = said.get("chain");
    if (chain === undefined) continue;
    const entry = chains.get(chain) ?? { chain, checkpoint: "", head: "", headers: "" };
    chains.set(chain, entry);
    if (check.id === "H") Object.assign(entry, { checkpoint: said.get("checkpoint") ?? "", head: said.get("head") ?? "", headers: said.get("headers") ?? "" });
  }
  return [...chains.values()];
}

function inputs(check: Check): Map<string, string> {
  return new Map(check.inputs);
}
