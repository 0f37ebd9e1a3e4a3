// The validators' seals: k of n, and who.
import type { Report, Sealed } from "spanlight/module";
import { number } from "../format.ts";
import { followed, type Followed } from "../model/facts.ts";
import { text } from "../text/index.ts";
import { Hash, Icon, Section } from "./parts.tsx";

export function Seals({ report }: { report: Report }) {
  const t = text.value.seals;
  const chains = followed(report);
  if (chains.length === 0) return null;
  return (
    <Section id="seals-title" title={t.heading} lead={t.lead} testid="seals">
      {chains.map((chain) => (
        <Chain key={chain.chain} chain={chain} sealed={report.seals.filter((one) => one.chain === chain.chain)} />
      ))}
    </Section>
  );
}

function Chain({ chain, sealed }: { chain: Followed; sealed: Sealed[] }) {
  const t = text.value.seals;
  return (
    <div class="seals-chain" data-testid="seals-chain" data-chain={chain.chain}>
      <p class="muted tiny">{t.followed(chain.checkpoint, chain.head, chain.headers)}</p>
      {sealed.map((one) => (
        <Sealing key={String(one.block.number)} one={one} chain={chain.chain} open={sealed.length === 1} />
      ))}
    </div>
  );
}

function Sealing({ one, chain, open }: { one: Sealed; chain: string; open: boolean }) {
  const t = text.value.seals;
  const { signers, absent, proposer, required, members } = one.seals;
  return (
    <details open={open}>
      <summary>
        {t.chain(chain, number(one.block.number))} · {t.count(number(signers.length), number(required), number(members))}
      </summary>
      <ul class="people compact">
        {signers.map((address) => (
          <Signer key={address} address={address} signed proposer={address === proposer} />
        ))}
        {absent.map((address) => (
          <Signer key={address} address={address} signed={false} proposer={address === proposer} />
        ))}
      </ul>
    </details>
  );
}

function Signer({ address, signed, proposer }: { address: string; signed: boolean; proposer: boolean }) {
  const t = text.value.seals;
  return (
    <li data-testid="seal" data-address={address} data-role={signed ? "voted" : "silent"}>
      <Icon name={signed ? "check" : "question"} />
      <div>
        <Hash value={address} />
        <span class="muted tiny">
          {signed ? t.signed : t.notSigned}
          {proposer && `, ${t.proposer}`}
        </span>
      </div>
    </li>
  );
}
