// The core's sentence on what stands in the way, in the language that is shown. The core says it in English, with the numbers in
// it; what has no pattern here is shown as the core said it. A part's form: `n` a count, `s` seconds, `t` a time, `-` as it is.
import { duration, number, time } from "../format.ts";
import type { Details } from "../text/en.details.ts";

const PATTERNS: readonly (readonly [name: keyof Details, forms: string, pattern: RegExp])[] = [
  ["delivery_reverted", "--nn", /^the last attempt reverted: block (\d+), status (0x[0-9a-f]+), gas (\d+) of (\d+)$/],
  ["votes_differ", "", /^operators voted differently, and no vote can reach the threshold$/],
  ["no_liquidity", "nn", /^the destination bridge holds (\d+), the transfer needs (\d+)$/],
  ["votes_missing", "s", /^votes are missing (\d+) s after the request$/],
  ["bridge_paused", "", /^the destination bridge is paused$/],
  ["bridge_paused_until", "t", /^the destination bridge is paused; its owner may resume it at time (\d+)$/],
  ["outflow_limit", "nnt", /^the outflow limit lets (\d+) leave now, the transfer needs (\d+); at time (\d+) it may leave$/],
  ["may_leave", "", /^the outflow limit lets it leave now$/],
  ["may_leave_by_anybody", "", /^the outflow limit lets it leave now, by anybody's call too$/],
  ["height", "---", /^chain (.+) is trusted up to block (\d+), block (\d+) is needed$/],
  ["time", "-tt", /^chain (.+) is trusted up to time (\d+), a header of time (\d+) or later is needed$/],
  ["later_proposers", "n-nn", /^(\d+) distinct proposers on (.+) after block (\d+) bound its time; headers of (\d+) are shown$/],
  ["stale", "-ss", /^the newest header of chain (.+) is (\d+) s old, at most (\d+) s are allowed$/],
  ["clock", "-s", /^the header of chain (.+) is (\d+) s ahead of this machine's clock, which seems to be behind$/],
  ["trust_expired", "-ss", /^the trusted header of chain (.+) is (\d+) s old, the trusting period is (\d+) s$/],
  ["below_checkpoint", "--", /^it lies at or below block (\d+) of chain (.+), where the trust begins$/],
  ["jump_not_allowed", "---", /^chain (.+): headers from (\d+) to (\d+) are skipped, and the trust allows no jump$/],
  ["request", "", /^the source counts this request; its event is not shown$/],
  ["handle", "", /^the destination has executed this nonce; the handle event is not shown$/],
  ["votes", "", /^the destination's votes for this nonce are not shown$/],
  ["vote_call", "-", /^the calldata of vote (0x[0-9a-f]+) is not shown$/],
  ["state_after", "--", /^the bridge's state on (.+) at or after block (\d+) is not shown$/],
  ["state", "-", /^the bridge's state on (.+) is not shown$/],
  ["slot", "---", /^storage slot (0x[0-9a-f]+) of the bridge on (.+) at block (\d+) is not shown$/],
  ["header", "--", /^header (\d+) of (.+) is not shown$/],
];

export function detailIn(details: Details, said: string): string {
  for (const [name, forms, pattern] of PATTERNS) {
    const found = pattern.exec(said);
    if (found) return details[name](...found.slice(1).map((part, at) => shaped(part, forms[at])));
  }
  return said;
}

function shaped(part: string, form: string | undefined): string {
  if (form === "n") return number(BigInt(part));
  return form === "s" ? duration(Number(part)) : form === "t" ? time(part) : part;
}
