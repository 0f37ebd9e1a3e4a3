// The bridge view's state and its work: a range, judged stretch by stretch.
import { batch, computed, signal } from "@preact/signals";
import { announce, options } from "../actions.ts";
import { problemOf, type Problem } from "../model/problem.ts";
import type { TrustFile } from "../model/trust.ts";
import { everySeal, fixedNow, trust } from "../store.ts";
import { worker } from "../worker/client.ts";
import { dropAllRows, dropRows, keepRows, keptRows } from "./kept.ts";
import { isFinal, restoredRow, rowOf, stateName, matches, type Row } from "./row.ts";

declare const __VERSION__: string;

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
/** The range of which this session has judged the end, and all that may have changed; `null` until then. */
export const endJudged = signal<{ scope: string; first: bigint; last: bigint } | null>(null);
/** Whether votes were looked for in every block, as the audits say; the weakest of them counts. */
export const voteScan = signal<"full" | "none">("none");
export const progress = signal<{ stage: string; done: number; total: number | undefined } | null>(null);

const MOST = 100_000n;
const NEWEST = 0xffff_ffff_ffff_ffffn;

/** The range as numbers; `null` where it makes no sense. */
export const range = computed(() => rangeOf(first.value, last.value, requestCount.value));

function rangeOf(first: string, last: string, counted: bigint | null): { first: bigint; last: bigint } | null {
  if (!/^\d{1,19}$/.test(first) || !/^\d{0,19}$/.test(last)) return null;
  const start = BigInt(first);
  const wanted = last === "" ? null : BigInt(last);
  const end = wanted ?? (counted === null || counted === 0n ? start : counted - 1n);
  return end < start || end - start >= MOST ? null : { first: start, last: end };
}

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
/** The scope of the last run. */
let runScope = "";

/** What rows rest on. Those judged by a fixed time, less strictly, or by another version of the page are kept apart. */
function scopeOf(chosen: TrustFile): string {
  const mode = everySeal.value ? "full" : "sparse";
  return [chosen.fingerprint || chosen.text, from.value, fixedNow.value ?? "clock", mode, __VERSION__].join("/");
}

/** Whether all of the range is judged, its end too, under what is set now. */
export const isWhole = computed(() => {
  const [asked, ended, chosen] = [range.value, endJudged.value, trust.value];
  if (asked === null || ended === null || chosen === null) return false;
  return ended.scope === scopeOf(chosen) && ended.first === asked.first && ended.last === asked.last;
});

/** Brings back what this browser keeps of the range. */
export async function load(): Promise<void> {
  const chosen = trust.value;
  if (chosen === null || from.value === "") return;
  const [scope, chain] = [scopeOf(chosen), from.value];
  if (running.value) {
    // What is judged now would be shown under settings that it does not rest on.
    if (runScope !== scope) pause();
    return;
  }
  if (loaded === scope) return;
  loaded = scope;
  clear();
  // Without storage, as in some private windows, the view works and forgets.
  await keptRows(scope, 0n, NEWEST, (kept) => loaded === scope && add(kept.map((row) => restoredRow(row, chain)).filter((row) => row !== null))).catch(() => undefined);
}

function add(more: readonly Row[]): void {
  const next = new Map(rows.value);
  for (const row of more) next.set(row.nonce, row);
  rows.value = next;
}

export function pause(): void {
  stopping?.abort();
}

function clear(): void {
  batch(() => {
    rows.value = new Map();
    requestCount.value = null;
    gapless.value = true;
    endJudged.value = null;
    problem.value = null;
  });
}

/** Forgets every row, also those of other trust files. */
export async function forgetRows(): Promise<void> {
  pause();
  clear();
  loaded = "";
  await dropAllRows().catch(() => undefined);
}

export async function reset(): Promise<void> {
  pause();
  const chosen = trust.value;
  clear();
  if (chosen) await dropRows(scopeOf(chosen), 0n, NEWEST).catch(() => undefined);
}

/** The first stretch is short, so that something is seen soon. Later ones are not: each follows both chains anew. */
const FIRST = 8;
const SMALLEST = 32;
const LARGEST = 128;
/** A stretch should take about so long: then the table grows steadily, and little is lost by a pause. */
const GOAL = 4_000;

/** What a run was started with: what is set may change while it goes on. */
interface Run {
  scope: string;
  from: string;
  first: string;
  last: string;
  /** Unix seconds; `null` for the clock, which goes on too. */
  fixed: number | null;
  asking: ReturnType<typeof options>;
  signal: AbortSignal;
}

/** Judges what is missing or may have changed, stretch by stretch, until all of the range is done or somebody pauses. */
export async function start(): Promise<void> {
  const chosen = trust.value;
  if (chosen === null || running.value || range.value === null) return;
  const control = new AbortController();
  stopping = control;
  const run: Run = { scope: scopeOf(chosen), from: from.value, first: first.value, last: last.value, fixed: fixedNow.value, asking: options(chosen, fixedNow.value), signal: control.signal };
  runScope = run.scope;
  batch(() => {
    running.value = true;
    gapless.value = true;
    endJudged.value = null;
    problem.value = null;
  });
  const settled = new Set([...rows.value.values()].filter(isFinal).map((row) => row.nonce));
  let size = FIRST;
  let next = BigInt(run.first);
  let endSeen = false;
  try {
    for (;;) {
      const stretch = stretchFrom(next, run.last, settled, size);
      if (stretch === null) break;
      const started = performance.now();
      await judge(run, stretch);
      const took = performance.now() - started;
      size = Math.max(SMALLEST, Math.min(LARGEST, Math.round((size * GOAL) / took), size * 2));
      next = stretch.last + 1n;
      endSeen = stretch.isEnd;
    }
    const end = rangeOf(run.first, run.last, requestCount.value);
    if (!endSeen && end !== null) await judge(run, { first: end.last, last: end.last, isEnd: true });
    if (end !== null) endJudged.value = { scope: run.scope, ...end };
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

function stretchFrom(from: bigint, last: string, settled: ReadonlySet<bigint>, size: number): Stretch | null {
  const counted = requestCount.value;
  const wanted = last === "" ? null : BigInt(last);
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

async function judge(run: Run, stretch: Stretch): Promise<void> {
  const found = await worker().audit([stretch.first, stretch.last], {
    ...run.asking,
    from: run.from,
    beyond: stretch.isEnd,
    signal: run.signal,
    onProgress: (event) => (progress.value = event),
  });
  // Stopped between the answer and now: what it belongs to may be forgotten already.
  run.signal.throwIfAborted();
  const now = run.fixed ?? Math.floor(Date.now() / 1000);
  const judged = found.transfers.map((transfer) => rowOf(transfer, now));
  batch(() => {
    add(judged);
    const completeness = found.completeness;
    if (completeness?.verdict === "proven") requestCount.value = completeness.request_nonce;
    voteScan.value = rows.value.size === judged.length || voteScan.value === "full" ? found.vote_scan : "none";
    const against = completeness?.verdict === "proven" ? completeness.against : ["refused"];
    if (against.some((code) => !isHarmless(code, stretch))) gapless.value = false;
  });
  await keepRows(run.scope, judged).catch(() => undefined);
  // A source that never says how much it has counted would be asked for ever.
  if (requestCount.value === null && found.transfers.length === 0) requestCount.value = stretch.first;
}
