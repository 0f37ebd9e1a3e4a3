// The table of transfers. Only the rows in sight are in the document, so that thousands scroll as smoothly as ten.
import { useSignal } from "@preact/signals";
import { ask } from "../actions.ts";
import { coins, number, short } from "../format.ts";
import { pick } from "../model/words.ts";
import { text } from "../text/index.ts";
import { Icon, ToneIcon } from "../views/parts.tsx";
import type { Row } from "./row.ts";
import * as store from "./store.ts";

const HEIGHT = 52;
const AROUND = 6;
const IN_SIGHT = 560;

export function Table() {
  const t = text.value.bridgeView;
  const rows = store.shown.value;
  const top = useSignal(0);
  const start = Math.max(0, Math.min(Math.floor(top.value / HEIGHT) - AROUND, rows.length - 1));
  const end = Math.min(rows.length, start + Math.ceil(IN_SIGHT / HEIGHT) + 2 * AROUND);
  const columns = t.columns;
  return (
    <section class="card bridge-list" aria-label={t.heading}>
      <Filters />
      <div class="rows" role="table" aria-label={t.heading} aria-rowcount={rows.length + 1} data-testid="bridge-table">
        <div role="rowgroup">
          <div class="rows-head" role="row" aria-rowindex={1}>
            <span role="columnheader">{columns.nonce}</span>
            <span role="columnheader">{columns.state}</span>
            <span role="columnheader" class="wide">
              {columns.votes}
            </span>
            <span role="columnheader" class="wide">
              {columns.amount}
            </span>
            <span role="columnheader" class="wide">
              {columns.operators}
            </span>
            <span role="columnheader" class="wide">
              {columns.asOf}
            </span>
            <span role="columnheader">
              <span class="unseen">{t.details}</span>
            </span>
          </div>
        </div>
        {/* Reached by keyboard, or it could not be scrolled without a mouse. */}
        <div class="rows-body" role="rowgroup" tabIndex={0} aria-label={t.heading} style={{ height: `${Math.min(rows.length * HEIGHT + 2, IN_SIGHT)}px` }} onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
          <div role="presentation" style={{ height: `${rows.length * HEIGHT}px`, position: "relative" }}>
            {rows.slice(start, end).map((row, at) => (
              <Line key={row.nonce.toString()} row={row} index={start + at} />
            ))}
          </div>
        </div>
      </div>
      {rows.length === 0 && <p class="muted empty">{store.rows.value.size === 0 ? t.empty : t.noMatch}</p>}
    </section>
  );
}

function Line({ row, index }: { row: Row; index: number }) {
  const t = text.value;
  const named = [...row.culprits, ...row.dissenters];
  return (
    <div class="line" role="row" aria-rowindex={index + 2} style={{ top: `${index * HEIGHT}px` }} data-tone={row.tone} data-testid="bridge-row" data-nonce={row.nonce.toString()} data-state={row.state ?? undefined} data-verdict={row.verdict}>
      <span role="cell" class="nonce">
        {row.nonce.toString()}
      </span>
      <span role="cell" class="state">
        <ToneIcon tone={row.tone} />
        <span>{stateWords(row)}</span>
      </span>
      <span role="cell" class="wide">
        {row.votes === null ? "–" : `${row.votes} / ${row.threshold ?? "?"}`}
      </span>
      <span role="cell" class="wide clip">
        {row.amount === null ? "–" : row.kind === "coin" ? coins(row.amount.toString()) : row.kind === "erc721" ? `#${row.amount}` : row.amount.toString()}
      </span>
      <span role="cell" class="wide clip" title={named.join(" ")}>
        {named.length === 0 ? "–" : named.map(short).join(", ")}
      </span>
      <span role="cell" class="wide muted">
        {row.as_of.destination ? number(row.as_of.destination.number) : "–"}
      </span>
      <span role="cell">
        <button type="button" class="icon-button" aria-label={t.bridgeView.open_transfer(row.nonce.toString())} onClick={() => void ask({ kind: "nonce", nonce: row.nonce, from: row.from })} data-testid="bridge-open">
          <Icon name="arrow" />
        </button>
      </span>
    </div>
  );
}

/** A state in one or two words. */
export function stateWords(row: Pick<Row, "state" | "reason" | "verdict">): string {
  const t = text.value.states;
  const name = row.state ?? row.verdict;
  const reason = row.reason === null ? undefined : pick<string>(t.reasons, row.reason);
  const said = pick<string>(t.names, name) ?? name;
  return reason === undefined ? said : `${said}: ${reason}`;
}

const FILTERS = ["all", "handled", "requested", "voting", "stuck", "fraud", "attempted", "unrequested", "undecided"] as const;

function Filters() {
  const t = text.value;
  const counts = store.counts.value;
  return (
    <div class="filters no-print">
      <div class="filter-set" role="group" aria-label={t.bridgeView.filters}>
        {FILTERS.filter((name) => name === "all" || (counts.get(name) ?? 0) > 0 || store.filter.value === name).map((name) => (
          <button type="button" key={name} aria-pressed={store.filter.value === name} onClick={() => (store.filter.value = name)} data-testid={`bridge-filter-${name}`}>
            {name === "all" ? t.bridgeView.all : name === "undecided" ? t.bridgeView.undecided : t.states.names[name]} <span class="muted">{number(counts.get(name) ?? 0)}</span>
          </button>
        ))}
      </div>
      <input type="search" aria-label={t.bridgeView.search} placeholder={t.bridgeView.search} value={store.search.value} onInput={(event) => (store.search.value = event.currentTarget.value)} data-testid="bridge-search" />
    </div>
  );
}
