// What was requested and what was executed, field by field.
import type { Difference, Execution, Request, TransferVerdict } from "spanlight/module";
import type { ComponentChildren } from "preact";
import { coins, number } from "../format.ts";
import { sameness } from "../model/ends.ts";
import { pick } from "../model/words.ts";
import { text } from "../text/index.ts";
import { Hash, Icon, Section } from "./parts.tsx";

type FieldName = keyof (typeof text.value)["ends"]["fields"];

interface Row {
  field: FieldName;
  /** The name by which the report's differences call it. */
  said: string;
  requested: string | null | undefined;
  executed: string | null | undefined;
  show: (value: string) => ComponentChildren;
  /** Where the executed value is shown in another way. */
  showExecuted?: (value: string) => ComponentChildren;
}

export function Ends({ transfer }: { transfer: TransferVerdict }) {
  const t = text.value.ends;
  const { request, execution, differences } = transfer;
  if (request === null && execution === null) return null;
  return (
    <Section id="ends-title" title={t.heading} lead={t.lead} testid="ends">
      <table class="ends">
        <thead>
          <tr>
            <th scope="col">{t.field}</th>
            <th scope="col">{t.requested(transfer.from)}</th>
            <th scope="col">{t.executed(transfer.to)}</th>
            <th scope="col">
              <span class="unseen">{t.same}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows(request, execution).map((row) => (
            <RowView key={row.field} row={row} differences={differences} transfer={transfer} />
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function RowView({ row, differences, transfer }: { row: Row; differences: Difference[]; transfer: TransferVerdict }) {
  const t = text.value.ends;
  const difference = differences.find(({ field }) => field === row.said);
  const state = sameness(transfer, row.said, row.requested, row.executed);
  return (
    <tr data-testid="ends-row" data-field={row.field} data-same={state}>
      <th scope="row">{t.fields[row.field]}</th>
      <Cell label={t.requested(transfer.from)} value={row.requested} show={row.show} />
      <Cell label={t.executed(transfer.to)} value={row.executed} show={row.showExecuted ?? row.show} />
      <td class="ends-same">
        {state === "false" && (
          <span class="mark-bad">
            <Icon name="cross" />
            {t.differs} {difference && <code class="muted">{difference.rule}</code>}
          </span>
        )}
        {state === "true" && (
          <span class="mark-good">
            <Icon name="check" />
            <span class="unseen">{t.same}</span>
          </span>
        )}
      </td>
    </tr>
  );
}

function Cell({ label, value, show }: { label: string; value: string | null | undefined; show: Row["show"] }) {
  return (
    <td data-label={label} class={value === undefined || value === null ? "nothing" : undefined}>{value === undefined || value === null ? <span class="muted">–</span> : show(value)}</td>
  );
}

function rows(request: Request | null, execution: Execution | null): Row[] {
  const t = text.value.ends;
  const hash = (value: string): ComponentChildren => <Hash value={value} />;
  const plain = (value: string): ComponentChildren => value;
  // The kinds of the two ends may differ, and only coins are counted in whole ones.
  const amountOf = (kind: string | undefined) => (value: string): ComponentChildren => (
    <>
      {value} {kind === "coin" && <span class="muted">({t.units(coins(value))})</span>}
    </>
  );
  const asked = amountOf(request?.kind);
  const token = (value: string): ComponentChildren => (/^0x0{40}$/.test(value) ? t.coinToken : <Hash value={value} />);
  const extra = (value: string): ComponentChildren => (value === "0x" ? <span class="muted">{t.empty}</span> : <Hash value={value} />);
  const all: Row[] = [
    { field: "amount", said: "amount", requested: digits(request?.amount), executed: digits(execution?.amount), show: asked, showExecuted: amountOf(execution?.kind) },
    { field: "token_id", said: "token_id", requested: digits(request?.token_id), executed: digits(execution?.token_id), show: plain },
    { field: "from", said: "from", requested: request?.from, executed: execution?.from, show: hash },
    { field: "to", said: "to", requested: request?.to, executed: execution?.to, show: hash },
    { field: "kind", said: "kind", requested: request?.kind, executed: execution?.kind, show: (value) => pick<string>(t.kinds, value) ?? value },
    { field: "token", said: "token", requested: request?.registered_token, executed: execution?.token, show: token },
    { field: "transaction", said: "request_transaction", requested: request?.transaction, executed: execution?.request_transaction, show: hash },
    { field: "block", said: "request_block", requested: digits(request?.block.number), executed: digits(execution?.request_block), show: number },
    { field: "extra", said: "extra", requested: request?.extra, executed: execution?.extra, show: extra },
    { field: "token_uri", said: "token_uri", requested: request?.token_uri, executed: execution?.token_uri, show: plain },
    { field: "fee", said: "fee", requested: request?.fee === 0n ? undefined : digits(request?.fee), executed: undefined, show: asked },
    { field: "executing", said: "transaction", requested: undefined, executed: execution?.transaction, show: hash },
  ];
  return all.filter((row) => (row.requested ?? row.executed) !== undefined && (row.requested !== null || row.executed !== null));
}

function digits(value: bigint | null | undefined): string | null | undefined {
  return typeof value === "bigint" ? value.toString() : value;
}
