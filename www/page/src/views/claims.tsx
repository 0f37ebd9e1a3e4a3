// The claims beside single transfers: two sealed blocks, a complete list, an anchored block.
import type { Report } from "spanlight/module";
import { number, time } from "../format.ts";
import { pick } from "../model/words.ts";
import { text } from "../text/index.ts";
import { Hash, ToneIcon } from "./parts.tsx";
import type { Tone } from "../model/facts.ts";
import type { ComponentChildren } from "preact";

export function Claims({ report }: { report: Report }) {
  return (
    <>
      {report.equivocations.map((claim, at) => (
        <EquivocationClaim key={at} claim={claim} />
      ))}
      {report.completeness && <CompletenessClaim claim={report.completeness} />}
      {report.anchored && <AnchoredClaim claim={report.anchored} />}
    </>
  );
}

function Card({ title, tone, verdict, testid, children }: { title: string; tone: Tone; verdict: string; testid: string; children: ComponentChildren }) {
  return (
    <section class="card claim" data-tone={tone} data-verdict={verdict} data-testid={testid}>
      <span class="verdict-mark">
        <ToneIcon tone={tone} />
      </span>
      <div>
        <h2>{title}</h2>
        {children}
      </div>
    </section>
  );
}

function Refused({ claim, testid }: { claim: { verdict: string; code: string | null; detail: string | null }; testid: string }) {
  return (
    <Card title={text.value.claims.refused} tone={claim.verdict === "invalid" ? "bad" : "unknown"} verdict={claim.verdict} testid={testid}>
      <p>
        {claim.detail} <code class="muted">{claim.code}</code>
      </p>
    </Card>
  );
}

function EquivocationClaim({ claim }: { claim: Report["equivocations"][number] }) {
  const t = text.value.claims;
  const testid = "claim-equivocation";
  if (claim.verdict !== "proven") return <Refused claim={claim} testid={testid} />;
  const groups = [
    { title: t.both, addresses: claim.both },
    { title: t.firstOnly, addresses: claim.first_only },
    { title: t.secondOnly, addresses: claim.second_only },
  ];
  return (
    <Card title={t.equivocation} tone="bad" verdict="proven" testid={testid}>
      <p>{t.equivocationText(number(claim.number), number(claim.both.length))}</p>
      <ul class="plain">
        {claim.hashes.map((hash) => (
          <li key={hash}>
            <Hash value={hash} />
          </li>
        ))}
      </ul>
      {groups.map(
        ({ title, addresses }) =>
          addresses.length > 0 && (
            <div key={title} class="named">
              <h3>{title}</h3>
              <ul class="plain">
                {addresses.map((address) => (
                  <li key={address}>
                    <Hash value={address} whole />
                  </li>
                ))}
              </ul>
            </div>
          ),
      )}
    </Card>
  );
}

function CompletenessClaim({ claim }: { claim: NonNullable<Report["completeness"]> }) {
  const t = text.value.claims;
  const testid = "claim-complete";
  if (claim.verdict !== "proven") return <Refused claim={claim} testid={testid} />;
  const range = [number(claim.first), number(claim.last)] as const;
  const extent = claim.complete ? "complete" : claim.complete_in_range ? "completeInRange" : "notComplete";
  return (
    <Card title={t[extent]} tone={extent === "notComplete" ? "warn" : "wait"} verdict="proven" testid={testid}>
      <p data-extent={extent}>{t[`${extent}Text`](...range)}</p>
      <ul>
        {claim.against.map((code) => (
          <li key={code}>
            {pick<string>(t.against, code) ?? code} <code class="muted">{code}</code>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function AnchoredClaim({ claim }: { claim: NonNullable<Report["anchored"]> }) {
  const t = text.value.claims;
  const testid = "claim-anchored";
  if (claim.verdict !== "proven") return <Refused claim={claim} testid={testid} />;
  return (
    <Card title={t.anchored} tone="wait" verdict="proven" testid={testid}>
      <p>{t.anchoredText(number(claim.child.number), number(claim.parent.number))}</p>
      <ul class="plain">
        <li>
          <Hash value={claim.child.hash} /> <span class="muted">{time(claim.child.time)}</span>
        </li>
        <li>
          <Hash value={claim.transaction} />
        </li>
        <li>
          <Hash value={claim.account} />
        </li>
      </ul>
    </Card>
  );
}
