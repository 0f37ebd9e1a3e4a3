// Every check: its input, its rule and where that is written, its result; and the bytes on demand.
import { useComputed, useSignal } from "@preact/signals";
import type { Check, Report, TransferVerdict } from "spanlight/module";
import { number } from "../format.ts";
import type { Judged } from "../store.ts";
import { pick } from "../model/words.ts";
import { text } from "../text/index.ts";
import { Hash, Icon, Section } from "./parts.tsx";
import { reportJson } from "./take.tsx";

export function Steps({ report, transfer, judged }: { report: Report; transfer: TransferVerdict | undefined; judged: Judged }) {
  const t = text.value.steps;
  const checks = [...report.chains, ...(transfer?.checks ?? [])];
  const failed = checks.filter((check) => check.outcome === "failed").length;
  if (checks.length === 0) return null;
  return (
    <Section id="steps-title" title={t.heading} lead={t.lead(number(checks.length - failed), number(failed))} testid="steps">
      <List title={t.chains} checks={report.chains} />
      {transfer && <List title={t.transfer} checks={transfer.checks} />}
      <Bytes bundle={judged.bundle} />
      <Json judged={judged} />
    </Section>
  );
}

function List({ title, checks }: { title: string; checks: Check[] }) {
  if (checks.length === 0) return null;
  return (
    <>
      <h4>
        {title} <span class="muted">({number(checks.length)})</span>
      </h4>
      <ol class="steps">
        {checks.map((check, at) => (
          <Step key={at} check={check} />
        ))}
      </ol>
    </>
  );
}

function Step({ check }: { check: Check }) {
  const t = text.value;
  const words = t.steps;
  const failed = check.outcome === "failed";
  return (
    <li data-testid="step" data-id={check.id} data-outcome={check.outcome}>
      <details open={failed}>
        <summary>
          <span class={failed ? "mark-bad" : "mark-good"}>
            <Icon name={failed ? "cross" : "check"} />
            <span class="unseen">{failed ? words.failed : words.passed}</span>
          </span>
          <span class="step-rule">{pick<string>(t.rules, check.id) ?? check.rule}</span>
          <Where check={check} />
        </summary>
        <dl class="inputs">
          {check.inputs.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value.startsWith("0x") && !value.includes(" ") && value.length > 12 ? <Hash value={value} whole /> : value}</dd>
            </div>
          ))}
          {check.inputs.length === 0 && (
            <div>
              <dt>{words.input}</dt>
              <dd class="muted">{words.noInput}</dd>
            </div>
          )}
          <div>
            <dt>{words.rule}</dt>
            <dd>
              <code>{check.id}</code> {check.rule}
            </dd>
          </div>
          <div>
            <dt>{words.source}</dt>
            <dd>{inRepository(check.source)}</dd>
          </div>
        </dl>
      </details>
    </li>
  );
}

/** Where the repository keeps the document that holds a rule: docs/spec, unless the rule names another folder. */
function inRepository(source: string): string {
  return source.startsWith("docs/") ? source : `docs/spec/${source}`;
}

/** The block that a check is about, so that equal rules can be told apart. */
function Where({ check }: { check: Check }) {
  const said = new Map(check.inputs);
  const place = [said.get("chain"), said.get("block") ?? said.get("at block") ?? said.get("head")].filter((part) => part !== undefined);
  return place.length === 0 ? null : <span class="muted tiny step-place">{place.join(" #")}</span>;
}

const SHOWN_BYTES = 2048;

function Bytes({ bundle }: { bundle: Uint8Array }) {
  const t = text.value.steps;
  const open = useSignal(false);
  const dump = useComputed(() => (open.value ? hexDump(bundle.subarray(0, SHOWN_BYTES)) : ""));
  return (
    <details class="raw no-print" onToggle={(event) => (open.value = event.currentTarget.open)} data-testid="step-bytes">
      <summary>{t.bytes}</summary>
      <p class="muted">{t.bytesLead(number(bundle.length))}</p>
      <pre tabIndex={0} aria-label={t.bytes}>
        {dump.value}
      </pre>
    </details>
  );
}

function Json({ judged }: { judged: Judged }) {
  const t = text.value.steps;
  const open = useSignal(false);
  return (
    <details class="raw no-print" onToggle={(event) => (open.value = event.currentTarget.open)} data-testid="report-json">
      <summary>{t.json}</summary>
      {open.value && (
        <pre tabIndex={0} aria-label={t.json}>
          {reportJson(judged)}
        </pre>
      )}
    </details>
  );
}

function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, "0"));
    lines.push(`${at.toString(16).padStart(6, "0")}  ${row.join(" ")}`);
  }
  return lines.join("\n");
}
