// The bridge view's state and its work: a range, judged stretch by stretch.
import { batch, computed, signal } from "@preact/signals";
import { announce, clock, options } from "../actions.ts";
import { problemOf, type Problem } from "../model/problem.ts";
import type { TrustFile } from "../model/trust.ts";
import { trust } from "../store.ts";
import { worker } from "../worker/client.ts";
import { dropRows, keepRows, keptRows } from "./kept.ts";
import { isFinal, rowOf, stateName, matches, type Row } from "./row.ts";

/** What a link asked for, until the view takes it. */
export interface BridgeRequest {
  from: string | undefined;
  range: readonly [string, string] | undefined;
  start: boolean;
}

export const bridgeRequest = signal<BridgeRequest | null>(null);

export const from = signal("");
export const first = signal("0");
/** Empty: up to the newest request. */
export const last = signal("");
export const filter = signal("all");
export const search = signal("");
export const running = signal(false);
export const problem = signal<Problem | null>(null);
/** Judged rows by nonce, also those that got votes outside the range. */
export const rows = signal<ReadonlyMap<bigint, Row>>(new Map());
/** How many requests the source bridge has counted, once that is proven. */
export const requestCount = signal<bigint | null>(null);
/** Whether every stretch that was judged was proven to be all. */
export const gapless = signal(true);
/** Whether votes were looked for in every block, as the audits say; the weakest of them counts. */
export const voteScan = signal<"full" | "none">("none");
export const progress = signal<{ stage: string; done: number; total: number | undefined } | null>(null);

const MOST = 100_000n;
const NEWEST = 0xffff_ffff_ffff_ffffn;

/** The range as numbers; `null` where it makes no sense. */
export const range = computed<{ first: bigint; last: bigint } | null>(() => {
  if (!/^\d{1,19}$/.test(first.value) || !/^\d{0,19}$/.test(last.value)) return null;
  const start = BigInt(first.value);
  const wanted = last.value === "" ? null : BigInt(last.value);
  const counted = requestCount.value;
  const end = wanted ?? (counted === null || counted === 0n ? start : counted - 1n);
  return end < start || end - start >= MOST ? null : { first: start, last: end };
});

/** How much of the range exists and is judged. */
export const done = computed(() => {
  const asked = range.value;
  if (asked === null) return { judged: 0, undecided: 0, total: 0, beyond: 0 };
  const counted = requestCount.value;
  const end = counted !== null && asked.last >= counted ? counted - 1n : asked.last;
  let [judged, undecided] = [0, 0];
  for (const row of rows.value.values()) {
    if (row.nonce < asked.first || row.nonce > end) continue;
    judged += 1;
    if (row.verdict !== "proven") undecided += 1;
  }
  const total = end < asked.first ? 0 : Number(end - asked.first) + 1;
  return { judged, undecided, total, beyond: Number(asked.last - asked.first) + 1 - total };
});

export const sorted = computed(() => [...rows.value.values()].sort((a, b) => (a.nonce < b.nonce ? -1 : 1)));
export const shown = computed(() => sorted.value.filter((row) => (filter.value === "all" || stateName(row) === filter.value) && matches(row, search.value)));
export const counts = computed(() => {
  const found = new Map<string, number>([["all", rows.value.size]]);
  for (const row of rows.value.values()) found.set(stateName(row), (found.get(stateName(row)) ?? 0) + 1);
  return found;
});

let stopping: AbortController | undefined;
let loaded = "";

function scopeOf(chosen: TrustFile): string {
  return `${chosen.fingerprint || chosen.text}/${from.value}`;
}

/** Brings back what this browser keeps of the range. */
export async function load(): Promise<void> {
  const chosen = trust.value;
  if (chosen === null || from.value === "" || running.value) return;
  const scope = scopeOf(chosen);
  if (loaded === scope) return;
  loaded = scope;
  batch(() => {
    rows.value = new Map();
    requestCount.value = null;
    gapless.value = true;
    problem.value = null;
  });
  // Without storage, as in some private windows, the view works and forgets.
  await keptRows(scope, 0n, NEWEST, (kept) => loaded === scope && add(kept)).catch(() => undefined);
}

function add(more: readonly Row[]): void {
  const next = new Map(rows.value);
  for (const row of more) next.set(row.nonce, row);
  rows.value = next;
}

export function pause(): void {
  stopping?.abort();
}

export async function reset(): Promise<void> {
  pause();
  const chosen = trust.value;
  batch(() => {
    rows.value = new Map();
    requestCount.value = null;
    gapless.value = true;
    problem.value = null;
  });
  if (chosen) await dropRows(scopeOf(chosen), 0n, NEWEST).catch(() => undefined);
}

/** The first stretch is short, so that something is seen soon. Later ones are not: each follows both chains anew. */
const FIRST = 8;
const SMALLEST = 32;
const LARGEST = 128;
/** A stretch should take about so long: then the table grows steadily, and little is lost by a pause. */
const GOAL = 4_000;

/** Judges what is missing or may have changed, stretch by stretch, until all of the range is done or somebody pauses. */
export async function start(): Promise<void> {
  const chosen = trust.value;
  if (chosen === null || running.value || range.value === null) return;
  const control = new AbortController();
  stopping = control;
  batch(() => {
    running.value = true;
    gapless.value = true;
    problem.value = null;
  });
  const settled = new Set([...rows.value.values()].filter(isFinal).map((row) => row.nonce));
  let size = FIRST;
  let next = BigInt(first.value);
  let endSeen = false;
  try {
    for (;;) {
      const stretch = stretchFrom(next, settled, size);
      if (stretch === null) break;
      const started = performance.now();
      await judge(chosen, stretch, control.signal);
      const took = performance.now() - started;
      size = Math.max(SMALLEST, Math.min(LARGEST, Math.round((size * GOAL) / took), size * 2));
      next = stretch.last + 1n;
      endSeen = stretch.isEnd;
    }
    const end = range.value;
    if (!endSeen && end !== null) await judge(chosen, { first: end.last, last: end.last, isEnd: true }, control.signal);
  } catch (thrown) {
    if (!control.signal.aborted) problem.value = problemOf(thrown);
  } finally {
    batch(() => {
      running.value = false;
      progress.value = null;
    });
    announce("");
  }
}

interface Stretch {
  first: bigint;
  last: bigint;
  /** The last one: what is voted for or executed beyond the count of requests is judged with it. */
  isEnd: boolean;
}

function stretchFrom(from: bigint, settled: ReadonlySet<bigint>, size: number): Stretch | null {
  const counted = requestCount.value;
  const wanted = last.value === "" ? null : BigInt(last.value);
  const end = counted === null ? wanted : wanted === null || wanted >= counted ? counted - 1n : wanted;
  let start = from;
  while ((end === null || start <= end) && settled.has(start)) start += 1n;
  if (end !== null && start > end) return null;
  const until = start + BigInt(size) - 1n;
  const stop = end !== null && until > end ? end : until;
  return { first: start, last: stop, isEnd: end !== null && stop === end };
}

/** Undecided rows are counted by themselves; and only the last stretch shows what is executed beyond the requests. */
function isHarmless(code: string, stretch: Stretch): boolean {
  return code === "complete.transfer_not_proven" || (code === "complete.handled_nonce_not_shown" && !stretch.isEnd);
}

async function judge(chosen: TrustFile, stretch: Stretch, signal: AbortSignal): Promise<void> {
  const found = await worker().audit([stretch.first, stretch.last], {
    ...options(chosen, clock()),
    from: from.value,
    beyond: stretch.isEnd,
    signal,
    onProgress: (event) => (progress.value = event),
  });
  const judged = found.transfers.map(rowOf);
  batch(() => {
    add(judged);
    const completeness = found.completeness;
    if (completeness?.verdict === "proven") requestCount.value = completeness.request_nonce;
    voteScan.value = rows.value.size === judged.length || voteScan.value === "full" ? found.vote_scan : "none";
    const against = completeness?.verdict === "proven" ? completeness.against : ["refused"];
    if (against.some((code) => !isHarmless(code, stretch))) gapless.value = false;
  });
  await keepRows(scopeOf(chosen), judged).catch(() => undefined);
  // A source that never says how much it has counted would be asked for ever.
  if (requestCount.value === null && found.transfers.length === 0) requestCount.value = stretch.first;
}
