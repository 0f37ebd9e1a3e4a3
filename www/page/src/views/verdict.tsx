// The verdict: words first, colour second, and what to do next.
import type { TransferVerdict } from "spanlight/module";
import { duration, number, time } from "../format.ts";
import { clockBehind, standing, toneOf, wordsKeys } from "../model/facts.ts";
import { pick, said, uncoveredIn } from "../model/words.ts";
import type { Judged } from "../store.ts";
import type { Words } from "../text/en.verdicts.ts";
import { text, type Messages } from "../text/index.ts";
import { FixedNow, Hash, Icon, ToneIcon } from "./parts.tsx";

/** The words for a verdict. */
export function wordsOf(transfer: TransferVerdict, t: Messages): Words {
  for (const key of wordsKeys(transfer)) {
    const found = pick<Words>(t.verdicts, key);
    if (found !== undefined) return found;
  }
  return { headline: transfer.verdict, sentence: ({ detail }) => detail, next: [] };
}

export function headline(transfer: TransferVerdict, t: Messages): string {
  return wordsOf(transfer, t).headline;
}

export function VerdictCard({ transfer, judged }: { transfer: TransferVerdict; judged: Judged }) {
  const t = text.value;
  const { from, to, votes, threshold, nonce } = transfer;
  const words = wordsOf(transfer, t);
  const tone = toneOf(transfer);
  const behind = clockBehind(judged.report);
  const told = { from, to, votes: String(votes ?? 0), threshold: String(threshold ?? t.short.unknown), detail: said(transfer.detail ?? transfer.code ?? "", t) };
  const next = transfer.unsupported ? [uncoveredIn(transfer.unsupported, t).next, ...words.next] : words.next;
  return (
    <section
      class="card verdict"
      aria-labelledby="verdict-title"
      data-testid="verdict"
      data-tone={tone}
      data-verdict={transfer.verdict}
      data-state={transfer.state ?? undefined}
      data-reason={transfer.reason ?? undefined}
      data-code={transfer.code ?? undefined}
      data-nonce={String(nonce)}
    >
      {!judged.byClock && <FixedNow now={judged.now} testid="verdict-now" />}
      <div class="verdict-head">
        <span class="verdict-mark">
          <ToneIcon tone={tone} />
        </span>
        <div>
          <p class="eyebrow">
            {t.verdict.tone[tone]} · {t.verdict.fromTo(from, to)} · {t.verdict.nonce(String(nonce))}
          </p>
          <h2 id="verdict-title" data-testid="verdict-headline">
            {words.headline}
          </h2>
          <p class="verdict-sentence" data-testid="verdict-sentence">
            {words.sentence(told)}
          </p>
        </div>
      </div>
      <Named title={t.verdict.culprits} addresses={transfer.culprits} testid="verdict-culprits" bad />
      <Named title={t.verdict.dissenters} addresses={transfer.dissenters} testid="verdict-dissenters" />
      <dl class="facts">
        {votes !== null && threshold !== null && (
          <Fact name={t.operators.heading}>{t.verdict.votes(String(votes), String(threshold))}</Fact>
        )}
        <Fact name={t.verdict.asOf} testid="verdict-as-of">
          <AsOf transfer={transfer} />
        </Fact>
      </dl>
      {next.length > 0 && (
        <div class="next" data-testid="verdict-next">
          <h3>{t.verdict.next}</h3>
          <ul>
            {next.map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ul>
        </div>
      )}
      <Notes transfer={transfer} />
      {standing(judged.report).map(({ chain, block, since }) => (
        <p key={chain} class="help" data-testid="verdict-standing">
          {t.verdict.standsStill(chain, number(block), time(since))}
        </p>
      ))}
      {behind !== null && (
        <p class="help" data-testid="verdict-clock">
          {t.verdict.clockBehind(duration(behind))}
        </p>
      )}
      <p class="trusted" data-testid="verdict-trust">
        <Icon name="shield" />
        <span>{t.verdict.trustSentence(judged.trust.name, judged.trust.fingerprint, from, to)}</span>
      </p>
    </section>
  );
}

function Fact({ name, children, testid }: { name: string; children: preact.ComponentChildren; testid?: string }) {
  return (
    <div data-testid={testid}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function AsOf({ transfer }: { transfer: TransferVerdict }) {
  const t = text.value.verdict;
  const ends = [
    { chain: transfer.from, block: transfer.as_of.source },
    { chain: transfer.to, block: transfer.as_of.destination },
  ];
  if (ends.every(({ block }) => block === null)) return <>{t.asOfNone}</>;
  return (
    <ul class="plain">
      {ends.map(
        ({ chain, block }) =>
          block && (
            <li key={chain}>
              {t.asOfBlock(chain, number(block.number))} <span class="muted">{time(block.time)}</span>
            </li>
          ),
      )}
    </ul>
  );
}

function Named({ title, addresses, testid, bad = false }: { title: string; addresses: string[]; testid: string; bad?: boolean }) {
  if (addresses.length === 0) return null;
  return (
    <div class={bad ? "named bad" : "named"} data-testid={testid}>
      <h3>{title}</h3>
      <ul class="plain">
        {addresses.map((address) => (
          <li key={address}>
            <Hash value={address} whole />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Notes({ transfer }: { transfer: TransferVerdict }) {
  const t = text.value;
  const codes = [...new Set(transfer.notes)];
  if (codes.length === 0) return null;
  return (
    <details class="notes" open={toneOf(transfer) === "warn" && transfer.state === "handled"} data-testid="verdict-notes">
      <summary>
        {t.verdict.notes} ({codes.length})
      </summary>
      <ul>
        {codes.map((code) => (
          <li key={code}>
            {pick<string>(t.notes, code) ?? code} <code class="muted">{code}</code>
            {(transfer.warned_votes ?? [])
              .filter((vote) => vote.code === code)
              .map((vote) => (
                <div key={vote.chain}>
                  {vote.chain}, {String(vote.number)}: <code>{vote.key}</code> <Hash value={vote.voter} whole />
                </div>
              ))}
          </li>
        ))}
      </ul>
    </details>
  );
}
