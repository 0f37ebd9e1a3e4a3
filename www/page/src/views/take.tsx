// Taking an answer along: a link, the proof, the report on paper, and the same verdict elsewhere.
import type { TransferVerdict } from "spanlight/module";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { judgedFields, linkTo } from "../links.ts";
import { LONGEST_LINK, pack } from "../model/link.ts";
import type { Judged } from "../store.ts";
import { text } from "../text/index.ts";
import { CopyButton, Icon, Section } from "./parts.tsx";

export function Take({ judged, transfer }: { judged: Judged; transfer: TransferVerdict | undefined }) {
  const t = text.value.take;
  const name = bundleName(judged, transfer);
  const tooLong = useSignal(false);
  useEffect(() => {
    if (judged.asked.kind === "bundle") void fits(judged.bundle).then((short) => (tooLong.value = !short));
  }, [judged]);
  return (
    <Section id="take-title" title={t.heading} testid="take">
      <div class="row no-print">
        <CopyButton value={() => linkFor(judged, transfer)} what={t.link} label={t.link} testid="copy-link" />
        <button type="button" class="button" onClick={() => download(name, judged.bundle, "application/octet-stream")} data-testid="download-bundle">
          <Icon name="down" />
          {t.bundle}
        </button>
        <button type="button" class="button" onClick={() => download(name.replace(/\.spl$/, ".report.json"), reportJson(judged), "application/json")} data-testid="download-report">
          <Icon name="down" />
          {t.json}
        </button>
        <button type="button" class="button" onClick={() => print()} data-testid="print">
          <Icon name="print" />
          {t.print}
        </button>
      </div>
      {tooLong.value && <p class="help no-print">{t.linkLong}</p>}
      <Elsewhere judged={judged} name={name} />
    </Section>
  );
}

function Elsewhere({ judged, name }: { judged: Judged; name: string }) {
  const t = text.value.take;
  // Whoever made the file chose its name, and the lines are for a shell.
  const trust = /^\w[\w.-]*\.json$/.test(judged.trust.name) ? judged.trust.name : "trust.json";
  const command = `spanlight verify ${name} --trust ${trust}${judged.byClock ? "" : ` --now ${judged.now}`}`;
  const lines = [
    'import { readFile } from "node:fs/promises";',
    'import { verify } from "spanlight";',
    "",
    `const report = await verify(await readFile("${name}"), await readFile("${trust}", "utf8")${judged.byClock ? "" : `, ${judged.now}`});`,
    "for (const { nonce, verdict, state } of report.transfers) console.log(nonce, verdict, state);",
  ].join("\n");
  return (
    <details class="elsewhere" data-testid="elsewhere">
      <summary>{t.elsewhere}</summary>
      <p>{t.elsewhereLead}</p>
      <Code title={t.command} code={command} />
      <Code title={t.node} code={lines} />
    </details>
  );
}

function Code({ title, code }: { title: string; code: string }) {
  return (
    <div class="code">
      <div class="code-head">
        <span>{title}</span>
        <CopyButton value={code} what={title} small />
      </div>
      <pre tabIndex={0} aria-label={title}>
        {code}
      </pre>
    </div>
  );
}

/** A link that asks the same again: with the proof in it, where that is short enough. */
async function linkFor(judged: Judged, transfer: TransferVerdict | undefined): Promise<string> {
  const settings = await judgedFields(judged);
  const { asked } = judged;
  if (asked.kind === "transaction") return linkTo([...settings, ["tx", asked.hash]]);
  if (asked.kind === "nonce") return linkTo([...settings, ["from", asked.from], ["nonce", String(asked.nonce)]]);
  if (await fits(judged.bundle)) return linkTo([...settings, ["bundle", await pack(new Uint8Array(judged.bundle))]]);
  return linkTo([...settings, ["from", transfer?.from], ["nonce", transfer && String(transfer.nonce)]]);
}

/** Whether the proof fits into a link. Hashes do not get shorter by packing, so a large one need not be tried. */
async function fits(bundle: Uint8Array): Promise<boolean> {
  return bundle.length < 2 * LONGEST_LINK && (await pack(new Uint8Array(bundle))).length < LONGEST_LINK;
}

function bundleName(judged: Judged, transfer: TransferVerdict | undefined): string {
  const { asked } = judged;
  if (asked.kind === "bundle" && /^[\w.-]+\.spl$/.test(asked.name)) return asked.name;
  return transfer ? `${transfer.from}-${transfer.nonce}.spl`.replace(/[^\w.-]/g, "_") : "proof.spl";
}

/** The report as other surfaces print it; 64-bit numbers stay digits. */
export function reportJson({ report }: Judged): string {
  const { bundle: _, unavailable: __, ...shown } = report as Judged["report"] & { bundle?: unknown; unavailable?: unknown };
  return exactJson(shown);
}

/** Up to 256 bits: text on the other surfaces too. */
const WIDE = new Set(["amount", "token_id", "fee"]);

/** JSON in which a `bigint` is a number with all its digits. */
export function exactJson(value: unknown): string {
  const write = (name: string, inner: unknown): unknown => (typeof inner !== "bigint" ? inner : WIDE.has(name) ? inner.toString() : `\u0000${inner}`);
  const marked = JSON.stringify(plain(value), write, 2);
  return marked.replace(/"\\u0000(\d+)"/g, "$1");
}

/** A copy without the package's `toJSON`, which would make text of every `bigint` before it can be marked. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

export function download(name: string, content: Uint8Array | string, type: string): void {
  const part = typeof content === "string" ? content : new Uint8Array(content);
  const address = URL.createObjectURL(new Blob([part], { type }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
