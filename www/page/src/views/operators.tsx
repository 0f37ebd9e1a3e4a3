// Who voted for what: k of n, and who dissented.
import type { TransferVerdict } from "spanlight/module";
import { number } from "../format.ts";
import { text } from "../text/index.ts";
import { Hash, Icon, Section, type IconName } from "./parts.tsx";

type Role = keyof (typeof text.value)["operators"]["roles"];

const ICON: Record<Role, IconName> = {
  voted: "check",
  executor: "check",
  dissented: "cross",
  culprit: "alert",
  reverted: "cross",
  silent: "question",
  not_operator: "question",
};

/** One operator as it is shown. */
export interface Shown {
  address: string;
  role: Role;
  key: string | null;
  transaction: { block: bigint; hash: string } | null;
}

/** Every operator that the proof names, whatever part of the report does. */
export function operatorsOf(transfer: TransferVerdict): Shown[] {
  const { operators, execution } = transfer;
  const shown = new Map<string, Shown>();
  for (const { address, role, vote_key, transaction } of operators ?? []) {
    shown.set(address, { address, role: roleOf(role, address === execution?.sender), key: vote_key, transaction });
  }
  for (const address of transfer.dissenters) if (!shown.has(address)) shown.set(address, { address, role: "dissented", key: null, transaction: null });
  for (const address of transfer.culprits) shown.set(address, { ...(shown.get(address) ?? { address, key: null, transaction: null }), role: "culprit" });
  return [...shown.values()];
}

function roleOf(role: string, executed: boolean): Role {
  switch (role) {
    case "voted":
      return executed ? "executor" : "voted";
    case "dissented":
      return "dissented";
    case "reverted":
      return "reverted";
    case "ex_operator":
      return "not_operator";
    default:
      return "silent";
  }
}

export function Operators({ transfer }: { transfer: TransferVerdict }) {
  const t = text.value.operators;
  const shown = operatorsOf(transfer);
  const { votes, threshold } = transfer;
  if (shown.length === 0 && votes === null) return null;
  return (
    <Section id="operators-title" title={t.heading} testid="operators" {...(threshold !== null && { lead: t.lead(String(votes ?? 0), String(threshold)) })}>
      {votes !== null && threshold !== null && <Meter votes={votes} threshold={threshold} bad={transfer.culprits.length > 0} />}
      <ul class="people">
        {shown.map(({ address, role, key, transaction }) => (
          <li key={address} data-testid="operator" data-address={address} data-role={role}>
            <Icon name={ICON[role]} />
            <div>
              <Hash value={address} />
              <p>{t.roles[role]}</p>
              {(key !== null || transaction !== null) && (
                <p class="muted tiny">
                  {key !== null && (
                    <>
                      {t.key} <Hash value={key} />{" "}
                    </>
                  )}
                  {transaction !== null && (
                    <>
                      {t.transaction} <Hash value={transaction.hash} /> (#{number(transaction.block)})
                    </>
                  )}
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p class="muted">{t.onlyNamed}</p>}
    </Section>
  );
}

/** k of n as filled places. */
function Meter({ votes, threshold, bad }: { votes: number; threshold: number; bad: boolean }) {
  const places = Math.min(Math.max(votes, threshold), 40);
  return (
    <div class={bad ? "meter bad" : "meter"} aria-hidden="true">
      {Array.from({ length: places }, (_, at) => (
        <span key={at} class={at < votes ? "full" : ""} />
      ))}
    </div>
  );
}
