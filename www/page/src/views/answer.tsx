// The whole answer for what was judged: the other claims, a choice among transfers, and one transfer in full.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { TransferVerdict } from "spanlight/module";
import { announce } from "../actions.ts";
import { number } from "../format.ts";
import { outcome, type Judged } from "../store.ts";
import { text } from "../text/index.ts";
import { toneOf } from "../model/facts.ts";
import { Claims } from "./claims.tsx";
import { Commitment } from "./commitment.tsx";
import { Ends } from "./ends.tsx";
import { Operators } from "./operators.tsx";
import { ToneIcon } from "./parts.tsx";
import { Picture } from "./picture.tsx";
import { Seals } from "./seals.tsx";
import { Steps } from "./steps.tsx";
import { Take } from "./take.tsx";
import { headline, VerdictCard } from "./verdict.tsx";

export function Answer() {
  const current = outcome.value;
  return current.kind === "judged" ? <Judgement key={`${current.now}/${current.milliseconds}`} judged={current} /> : null;
}

function Judgement({ judged }: { judged: Judged }) {
  const { report } = judged;
  const picked = useSignal(0);
  const transfer = report.transfers[picked.value];
  // Once, when the answer comes: screen readers hear the verdict, not all of its parts.
  useSignalEffect(() => {
    const shown = report.transfers[picked.value];
    announce(shown === undefined ? "" : `${text.value.verdict.region}: ${headline(shown, text.value)}`);
  });
  const article = useRef<HTMLElement>(null);
  // On a phone the box fills the screen: the answer is brought into sight, once.
  useEffect(() => {
    const top = article.current?.getBoundingClientRect().top ?? 0;
    if (top > innerHeight * 0.55) article.current?.scrollIntoView({ block: "start" });
  }, []);
  return (
    <article class="answer" ref={article}>
      {report.transfers.length > 1 && <Choice transfers={report.transfers} picked={picked.value} pick={(at) => (picked.value = at)} />}
      <Claims report={report} />
      {transfer && <Transfer transfer={transfer} judged={judged} />}
      {!transfer && (
        <>
          <Seals report={report} />
          <Steps report={report} transfer={undefined} judged={judged} />
          <Take judged={judged} transfer={undefined} />
        </>
      )}
    </article>
  );
}

function Transfer({ transfer, judged }: { transfer: TransferVerdict; judged: Judged }) {
  const { report } = judged;
  return (
    <>
      <VerdictCard transfer={transfer} judged={judged} />
      <Picture transfer={transfer} report={report} />
      <Ends transfer={transfer} />
      <div class="pair">
        <Operators transfer={transfer} />
        <Seals report={report} />
      </div>
      <Commitment transfer={transfer} />
      <Steps report={report} transfer={transfer} judged={judged} />
      <Take judged={judged} transfer={transfer} />
    </>
  );
}

/** Lists of some length are read in the bridge view; here a bundle's own transfers. */
const MOST = 200;

function Choice({ transfers, picked, pick }: { transfers: TransferVerdict[]; picked: number; pick: (at: number) => void }) {
  const t = text.value.verdict;
  return (
    <section class="card" aria-labelledby="transfers-title" data-testid="transfers">
      <h2 id="transfers-title" class="small-title">
        {t.several(number(transfers.length))}
      </h2>
      <ul class="transfer-list">
        {transfers.slice(0, MOST).map((transfer, at) => (
          <li key={String(transfer.nonce)}>
            <button type="button" class="transfer-item" data-tone={toneOf(transfer)} aria-pressed={at === picked} onClick={() => pick(at)} data-testid="transfer-item" data-nonce={String(transfer.nonce)} data-state={transfer.state ?? undefined}>
              <ToneIcon tone={toneOf(transfer)} />
              <span>{String(transfer.nonce)}</span>
              <span class="muted">{headline(transfer, text.value)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
