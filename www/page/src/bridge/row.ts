// One judged transfer of the bridge view: what is kept of a verdict, and what follows from many.
import type { TransferVerdict } from "spanlight/module";
import { toneOf, type Tone } from "../model/facts.ts";

/** A verdict without its checks, which the worker leaves out: thousands of them stay small. */
export interface Row {
  from: string;
  to: string;
  nonce: bigint;
  verdict: TransferVerdict["verdict"];
  state: TransferVerdict["state"];
  reason: string | null;
  code: string | null;
  detail: string | null;
  votes: number | null;
  threshold: number | null;
  culprits: string[];
  dissenters: string[];
  operators: { address: string; role: string }[];
  notes: string[];
  kind: string | null;
  amount: bigint | null;
  request: string | null;
  execution: string | null;
  as_of: TransferVerdict["as_of"];
  /** Unix seconds by which it was judged. */
  now: number;
  tone: Tone;
}

export function rowOf(transfer: TransferVerdict, now: number): Row {
  const { request, execution, operators } = transfer;
  const { from, to, nonce, verdict, state, reason, code, detail, votes, threshold, culprits, dissenters, notes, as_of } = transfer;
  const moved = request ?? execution;
  return {
    ...{ from, to, nonce, verdict, state, reason, code, detail, votes, threshold, culprits, dissenters, notes, as_of },
    operators: (operators ?? []).map(({ address, role }) => ({ address, role })),
    kind: moved?.kind ?? null,
    amount: moved?.amount ?? moved?.token_id ?? null,
    request: request?.transaction ?? null,
    execution: execution?.transaction ?? null,
    now,
    tone: toneOf(transfer),
  };
}

/** A row as it was kept, for requests of `from`; `null` for what is none. The colour follows anew from the verdict. */
export function restoredRow(kept: unknown, from: string): Row | null {
  if (!isRow(kept) || kept.from !== from) return null;
  return { ...kept, tone: toneOf(kept) };
}

function isRow(kept: unknown): kept is Row {
  if (typeof kept !== "object" || kept === null) return false;
  const row = kept as Record<keyof Row, unknown>;
  const isText = (value: unknown): boolean => typeof value === "string";
  const texts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
  const orNull = (type: string) => (value: unknown): boolean => value === null || typeof value === type;
  return (
    [row.from, row.to, row.verdict].every(isText) &&
    [row.state, row.reason, row.code, row.detail, row.kind, row.request, row.execution].every(orNull("string")) &&
    [row.votes, row.threshold].every(orNull("number")) &&
    typeof row.nonce === "bigint" &&
    orNull("bigint")(row.amount) &&
    typeof row.now === "number" &&
    [row.culprits, row.dissenters, row.notes].every(texts) &&
    Array.isArray(row.operators) &&
    row.operators.every((operator: { address?: unknown; role?: unknown } | null) => isText(operator?.address) && isText(operator?.role)) &&
    isAsOf(row.as_of)
  );
}

function isAsOf(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { source, destination } = value as { source?: unknown; destination?: unknown };
  return [source, destination].every((block) => block === null || typeof (block as { number?: unknown } | undefined)?.number === "bigint");
}

/** Whether time cannot change it: such a row is not judged again. */
export function isFinal(row: Row): boolean {
  return row.verdict === "proven" && (row.state === "handled" || (row.state === "fraud" && row.reason === "differs"));
}

/** The name of a row's state, for filters and exports: `undecided` where nothing is proven. */
export function stateName(row: Row): string {
  return row.state ?? "undecided";
}

/** Whether a row is for a search text: its number, one of its hashes, or an operator. */
export function matches(row: Row, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return true;
  if (/^\d+$/.test(wanted)) return row.nonce.toString() === wanted;
  const said = [row.request, row.execution, ...row.culprits, ...row.dissenters, ...row.operators.map(({ address }) => address)];
  return said.some((text) => text?.includes(wanted));
}

/** What one operator did among the rows. */
export interface Tally {
  address: string;
  voted: number;
  /** Open requests for which it has no vote. */
  behind: number;
  dissented: number;
  culprit: number;
}

export function tallies(rows: readonly Row[]): Tally[] {
  const found = new Map<string, Tally>();
  const of = (address: string): Tally => {
    const known = found.get(address) ?? { address, voted: 0, behind: 0, dissented: 0, culprit: 0 };
    found.set(address, known);
    return known;
  };
  for (const row of rows) {
    const culprits = new Set(row.culprits);
    for (const { address, role } of row.operators) if (role === "voted" && !culprits.has(address)) of(address).voted += 1;
    for (const address of row.dissenters) of(address).dissented += 1;
    for (const address of culprits) of(address).culprit += 1;
  }
  const open = rows.filter((row) => row.state === "requested" || row.state === "voting" || row.state === "stuck");
  for (const tally of found.values()) tally.behind = open.filter((row) => !row.operators.some(({ address, role }) => address === tally.address && role !== "none")).length;
  return [...found.values()].sort((a, b) => b.culprit - a.culprit || b.behind - a.behind || b.voted - a.voted || a.address.localeCompare(b.address));
}

const ORDER: readonly Tone[] = ["good", "wait", "unknown", "warn", "bad"];

/** The worst tone of each of at most `most` stretches of the range; `null` where nothing of it is judged. */
export function stretches(rows: ReadonlyMap<bigint, Row>, first: bigint, last: bigint, most: number): { tone: Tone | null; missing: number }[] {
  const total = Number(last - first) + 1;
  const count = Math.min(total, most);
  return Array.from({ length: count }, (_, at) => {
    const [start, end] = [Math.floor((at * total) / count), Math.floor(((at + 1) * total) / count)];
    let worst = -1;
    let missing = 0;
    for (let place = start; place < end; place++) {
      const row = rows.get(first + BigInt(place));
      if (row === undefined) missing += 1;
      else worst = Math.max(worst, ORDER.indexOf(row.tone));
    }
    return { tone: worst < 0 ? null : (ORDER[worst] ?? null), missing };
  });
}

const COLUMNS = ["from", "nonce", "verdict", "state", "reason", "code", "votes", "threshold", "kind", "amount", "culprits", "dissenters", "request", "execution", "source_block", "destination_block", "now"] as const;

export function toCsv(rows: readonly Row[]): string {
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? "" : String(value);
    // A cell that begins like a formula would be run by a spreadsheet.
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const lines = rows.map((row) => {
    const flat: Record<string, unknown> = {
      ...row,
      culprits: row.culprits.join(" "),
      dissenters: row.dissenters.join(" "),
      source_block: row.as_of.source?.number,
      destination_block: row.as_of.destination?.number,
    };
    return COLUMNS.map((name) => cell(flat[name])).join(",");
  });
  return `${COLUMNS.join(",")}\r\n${lines.map((line) => `${line}\r\n`).join("")}`;
}
