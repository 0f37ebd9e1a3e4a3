// The bridge view: every transfer of a range, judged as it is watched.
import { useSignalEffect } from "@preact/signals";
import { number } from "../format.ts";
import { otherChain, sources } from "../model/trust.ts";
import { canAsk, fixedNow, settingsOpen, trust } from "../store.ts";
import { text } from "../text/index.ts";
import { download, exactJson } from "../views/take.tsx";
import { FixedNow, Icon } from "../views/parts.tsx";
import { ProblemCard } from "../views/work.tsx";
import { OperatorTable } from "./operators.tsx";
import { stretches, toCsv } from "./row.ts";
import * as store from "./store.ts";
import { Table } from "./table.tsx";

export function BridgeView() {
  const t = text.value.bridgeView;
  useSignalEffect(() => {
    const chosen = trust.value;
    if (chosen === null) return;
    const chains = sources(chosen);
    const wanted = store.bridgeRequest.value;
    if (wanted !== null && store.running.value) {
      // The link is taken once the run has ended: until then its range and direction stay what they are.
      store.pause();
      return;
    }
    if (wanted !== null) {
      store.bridgeRequest.value = null;
      if (wanted.from !== undefined && chains.includes(wanted.from)) store.from.value = wanted.from;
      if (wanted.range) [store.first.value, store.last.value] = wanted.range;
    }
    if (!chains.includes(store.from.value)) store.from.value = chains[0] ?? "";
    void store.load().then(() => {
      if (wanted?.start === true && canAsk.value) void store.start();
    });
  });
  return (
    <div data-testid="bridge">
      <div class="hero compact">
        <h1>{t.heading}</h1>
        <p>{t.lead}</p>
      </div>
      {trust.value === null || !canAsk.value ? <Needs /> : <Controls />}
      {store.problem.value && <ProblemCard problem={store.problem.value} dismiss={() => (store.problem.value = null)} />}
      {trust.value !== null && (
        <>
          {fixedNow.value !== null && <FixedNow now={fixedNow.value} testid="bridge-now" />}
          <Completeness />
          <Table />
          <OperatorTable />
        </>
      )}
    </div>
  );
}

function Needs() {
  const t = text.value.bridgeView;
  return (
    <section class="card">
      <p>{t.needs}</p>
      <button type="button" class="button primary" onClick={() => (settingsOpen.value = true)}>
        {t.open}
      </button>
    </section>
  );
}

function Controls() {
  const t = text.value.bridgeView;
  const chosen = trust.value;
  if (chosen === null) return null;
  const running = store.running.value;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (running) store.pause();
    else void store.start();
  };
  return (
    <form class="card bridge-controls no-print" onSubmit={submit}>
      <fieldset class="choices">
        <legend>{t.direction}</legend>
        {sources(chosen).map((chain) => (
          <label key={chain} class="choice">
            <input type="radio" name="bridge-from" disabled={running} checked={store.from.value === chain} onChange={() => (store.from.value = chain)} data-testid={`bridge-from-${chain}`} />
            <span>{text.value.box.directionOption(chain, otherChain(chosen, chain))}</span>
          </label>
        ))}
      </fieldset>
      <div class="bridge-range">
        <label class="field">
          <span>{t.first}</span>
          <input type="text" inputMode="numeric" disabled={running} value={store.first.value} onInput={(event) => (store.first.value = event.currentTarget.value.trim())} data-testid="bridge-first" />
        </label>
        <label class="field">
          <span>{t.last}</span>
          <input type="text" inputMode="numeric" disabled={running} placeholder={t.newest} value={store.last.value} onInput={(event) => (store.last.value = event.currentTarget.value.trim())} data-testid="bridge-last" />
        </label>
        <div class="row">
          <button type="submit" class={running ? "button" : "button primary"} disabled={!running && store.range.value === null} data-testid={running ? "bridge-pause" : "bridge-start"}>
            {running ? t.pause : store.rows.value.size > 0 ? t.resume : t.start}
          </button>
          {store.rows.value.size > 0 && !running && (
            <button type="button" class="text-button" onClick={() => void store.reset()} data-testid="bridge-reset">
              {t.reset}
            </button>
          )}
        </div>
      </div>
      {store.range.value === null && (
        <p class="help bad" role="alert">
          {t.range}
        </p>
      )}
      <Working />
    </form>
  );
}

function Working() {
  const t = text.value.progress;
  if (!store.running.value) return null;
  const said = store.progress.value;
  const words = said?.stage === "headers" ? t.headers : said?.stage === "transfers" ? t.transfers : t.connecting;
  return (
    <div class="progress" role="status" data-testid="bridge-progress">
      <div class="progress-words">
        <span>{words}</span>
        {said?.total !== undefined && said.total > 0 && <span>{t.of(number(said.done), number(said.total))}</span>}
      </div>
      <progress aria-label={words} {...(said?.total !== undefined && said.total > 0 ? { value: Math.min(said.done, said.total), max: said.total } : {})} />
    </div>
  );
}

const MOST_STRETCHES = 96;

function Completeness() {
  const t = text.value.bridgeView;
  const { judged, undecided, total, beyond } = store.done.value;
  const asked = store.range.value;
  if (store.rows.value.size === 0 || asked === null || total === 0) return null;
  const missing = total - judged + undecided;
  const complete = missing === 0 && store.isWhole.value && store.gapless.value && store.requestCount.value !== null;
  const end = asked.first + BigInt(total) - 1n;
  const outside = store.sorted.value.filter((row) => row.nonce > end && row.tone === "bad").map((row) => row.nonce);
  return (
    <section class="card" aria-label={t.completeLabel} data-testid="bridge-complete" data-complete={String(complete)}>
      <div class="progress-words">
        <strong>{complete ? t.complete : missing > 0 ? t.incomplete(number(missing)) : t.unproven}</strong>
        <span>{t.progress(number(judged), number(total))}</span>
      </div>
      <div class="stretches" role="img" aria-label={t.progress(number(judged), number(total))}>
        {stretches(store.rows.value, asked.first, end, MOST_STRETCHES).map(({ tone, missing: open }, at) => (
          <span key={at} data-tone={tone ?? undefined} class={open > 0 ? "open" : ""} />
        ))}
      </div>
      {outside.length > 0 && (
        <p class="notice bad" data-testid="bridge-outside">
          <Icon name="alert" />
          <span>{t.outside(outside.map(String).join(", "))}</span>
        </p>
      )}
      <p class="help">
        {beyond > 0 && `${t.noRequest(number(beyond))} `}
        {t.scan}
      </p>
      <div class="row no-print">
        <button type="button" class="button" onClick={() => download("transfers.csv", toCsv(store.sorted.value), "text/csv")} data-testid="bridge-csv">
          <Icon name="down" />
          {t.csv}
        </button>
        <button type="button" class="button" onClick={() => download("transfers.json", exportJson(complete), "application/json")} data-testid="bridge-json">
          <Icon name="down" />
          {t.json}
        </button>
      </div>
    </section>
  );
}

/** In the form of `spanlight audit --json`, with the times by which it was judged: `now` of the whole is `null` for the clock. */
function exportJson(complete: boolean): string {
  return exactJson({ transfers: store.sorted.value.map(({ tone: _, ...row }) => row), equivocations: [], complete, vote_scan: store.voteScan.value, now: fixedNow.value });
}
