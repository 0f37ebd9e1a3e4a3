// What happens on a person's word: judging a bundle, asking endpoints, using a trust file.
import { batch } from "@preact/signals";
import type { Report } from "spanlight/module";
import { forgetRows, pause as pauseBridge } from "./bridge/store.ts";
import { ofFile, ofText, type Input } from "./model/input.ts";
import { problemOf, type Problem } from "./model/problem.ts";
import { findFailing } from "./model/try-endpoint.ts";
import { otherChain, readTrust, sources, type TrustFile } from "./model/trust.ts";
import { announcement, canAsk, endpoints, everySeal, fixedNow, forget, outcome, route, settingsOpen, trust, waiting, type Asked } from "./store.ts";
import { useLink } from "./links.ts";
import { dropBusyWorker, dropWorker, worker } from "./worker/client.ts";

let stopping: AbortController | undefined;

/** Milliseconds for which one request may hang. */
export const PATIENCE = 10_000;

/** Takes text from the box. */
export async function submitText(text: string, from: string | undefined): Promise<void> {
  await take(ofText(text), from);
}

/** Takes files, dropped or chosen: a trust file among them is used first. */
export async function submitFiles(files: readonly File[]): Promise<void> {
  const inputs = await Promise.all(files.map(ofFile));
  inputs.sort((a, b) => Number(b.kind === "trust") - Number(a.kind === "trust"));
  for (const input of inputs) await take(input, undefined);
}

async function take(input: Input, from: string | undefined): Promise<void> {
  switch (input.kind) {
    case "refused":
      return fail({ code: input.code, ...(input.detail !== undefined && { detail: input.detail }) });
    case "trust":
      return chooseTrust(input.text, input.name);
    case "bundle":
      return judge(input.bytes, input.name);
    case "link":
      return useLink(input.fragment);
    case "nonce":
      return ask({ kind: "nonce", nonce: input.nonce, from: from ?? firstSource() });
    case "transaction":
      return ask({ kind: "transaction", hash: input.hash });
  }
}

/** Uses a trust file from now on, and judges what waited for one. */
export async function chooseTrust(text: string, name: string): Promise<void> {
  let file: TrustFile;
  try {
    file = await readTrust(text, name);
  } catch (thrown) {
    return fail(problemOf(thrown));
  }
  const kept = waiting.value;
  // What runs was asked under another trust.
  stop();
  batch(() => {
    trust.value = file;
    waiting.value = null;
    if (outcome.value.kind === "failed" || outcome.value.kind === "running") outcome.value = { kind: "idle" };
  });
  if (kept) await judge(kept.bytes, kept.name);
}

/** Trusts nothing any more; what runs was asked under the old trust, and its verdict must not come up later. */
export function removeTrust(): void {
  if (outcome.value.kind === "running") cancel();
  pauseBridge();
  trust.value = null;
}

/** Judges a bundle. */
export async function judge(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<void> {
  const chosen = trust.value;
  if (chosen === null) {
    stop();
    batch(() => {
      waiting.value = { bytes, name };
      outcome.value = { kind: "idle" };
      route.value = "check";
    });
    return;
  }
  const asked: Asked = { kind: "bundle", name };
  await run(asked, "judging", async (signal) => {
    const [now, byClock, started] = [clock(), fixedNow.value === null, performance.now()];
    const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const report = await Promise.race([worker().verify(bytes, chosen.text, now), aborted]);
    return { report, bundle: bytes, now, byClock, started, chosen };
  });
}

/** Asks the endpoints for a transfer. */
export async function ask(asked: Exclude<Asked, { kind: "bundle" }>): Promise<void> {
  const chosen = trust.value;
  if (chosen === null) return fail({ code: "page.no_trust" });
  if (!canAsk.value) return fail({ code: "page.no_endpoints" });
  await run(asked, "connecting", async (signal) => {
    const [fixed, started] = [fixedNow.value, performance.now()];
    const proof = await gather(asked, chosen, fixed, signal);
    return { report: proof, bundle: proof.bundle, now: fixed ?? clock(), byClock: fixed === null, started, chosen };
  });
}

/** Who pastes a hash need not know in which direction it went: after these refusals the other one is tried. */
const ELSEWHERE: ReadonlySet<string | undefined> = new Set(["prove.no_transfer", "prove.unknown_transaction", "prove.other_direction"]);

async function gather(asked: Exclude<Asked, { kind: "bundle" }>, chosen: TrustFile, fixed: number | null, signal: AbortSignal) {
  const directions = asked.from === undefined ? sources(chosen) : [asked.from];
  const subject = asked.kind === "nonce" ? { nonce: asked.nonce } : { transaction: asked.hash };
  let last: unknown;
  for (const from of directions) {
    try {
      return await worker().prove(subject, { ...options(chosen, fixed), from, signal, onProgress: tell });
    } catch (thrown) {
      last = thrown;
      if (!ELSEWHERE.has((thrown as { code?: string }).code)) throw thrown;
    }
  }
  throw last;
}

/** What every call to the endpoints takes. Without a fixed time the clock is read whenever headers arrive: a chain goes on meanwhile. */
export function options(chosen: TrustFile, fixed: number | null) {
  return {
    trust: chosen.text,
    endpoints: { ...endpoints.value },
    ...(fixed !== null && { now: fixed }),
    mode: everySeal.value ? ("full" as const) : ("sparse" as const),
    timeout: PATIENCE,
  };
}

interface Made {
  report: Report;
  bundle: Uint8Array;
  now: number;
  /** Taken together with `now`: the setting may change while it is judged. */
  byClock: boolean;
  started: number;
  chosen: TrustFile;
}

async function run(asked: Asked, stage: string, job: (signal: AbortSignal) => Promise<Made>): Promise<void> {
  stop();
  const control = new AbortController();
  stopping = control;
  batch(() => {
    route.value = "check";
    settingsOpen.value = false;
    outcome.value = { kind: "running", asked, stage, done: 0, total: undefined };
  });
  try {
    const { report, bundle, now, byClock, started, chosen } = await job(control.signal);
    if (control.signal.aborted) return;
    const milliseconds = Math.round(performance.now() - started);
    outcome.value = { kind: "judged", report, bundle, asked, trust: chosen, now, byClock, milliseconds };
  } catch (thrown) {
    if (thrown instanceof Stopped) return;
    const problem = await explained(problemOf(thrown), asked);
    if (stopping === control) fail(problem, asked);
  } finally {
    if (stopping === control) stopping = undefined;
  }
}

/** The worker does not know which endpoint failed it, and a browser hides why: so each is asked once more. */
async function explained(problem: Problem, asked: Asked): Promise<Problem> {
  if (asked.kind === "bundle" || !REACHING.has(problem.code)) return problem;
  const failing = await findFailing(endpoints.value);
  return failing === null ? problem : { ...problem, chain: failing.chain, code: REACHING.has(failing.code) ? failing.code : problem.code };
}

const REACHING = new Set(["rpc.unreachable", "rpc.cors", "rpc.mixed_content", "rpc.timeout", "rpc.http_status", "rpc.rate_limit", "rpc.transport"]);

class Stopped extends Error {}

/** Ends the running job, so that its verdict does not come up later. */
function stop(): void {
  stopping?.abort(new Stopped());
  stopping = undefined;
}

/** Stops what runs. */
export function cancel(): void {
  const current = outcome.value;
  stop();
  // A call that only computes listens to nobody; one that asks endpoints computes in between.
  if (current.kind === "running" && current.asked.kind === "bundle") dropWorker();
  else if (current.kind === "running") void dropBusyWorker();
  outcome.value = { kind: "idle" };
}

/** Forgets everything that was set, and what the bridge view has kept. */
export async function forgetAll(): Promise<void> {
  stop();
  forget();
  await forgetRows();
}

function tell({ stage, done, total }: { stage: string; done: number; total: number | undefined }): void {
  const current = outcome.value;
  if (current.kind === "running") outcome.value = { ...current, stage, done, total };
}

/** Shows a refusal. */
export function fail(problem: Problem, asked?: Asked): void {
  stop();
  outcome.value = { kind: "failed", problem, ...(asked && { asked }) };
}

/** The time to judge by, unix seconds. */
export function clock(): number {
  return fixedNow.value ?? Math.floor(Date.now() / 1000);
}

/** Says something to screen readers. */
export function announce(words: string): void {
  announcement.value = words;
}

function firstSource(): string {
  const chosen = trust.value;
  return chosen === null ? "" : (sources(chosen)[0] ?? otherChain(chosen, ""));
}
