// What each operator did among the transfers judged so far.
import { number } from "../format.ts";
import { text } from "../text/index.ts";
import { Hash, Section } from "../views/parts.tsx";
import { tallies } from "./row.ts";
import * as store from "./store.ts";

export function OperatorTable() {
  const t = text.value.bridgeView;
  const found = tallies(store.sorted.value);
  if (found.length === 0) return null;
  const { address, voted, lag, dissent, culprit } = t.operatorColumns;
  return (
    <Section id="bridge-operators-title" title={t.operators} lead={t.operatorsLead} testid="bridge-operators" level="h2">
      <div class="scroll" tabIndex={0} role="group" aria-label={t.operators}>
        <table class="tally">
          <thead>
            <tr>
              {[address, voted, lag, dissent, culprit].map((name) => (
                <th scope="col" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <tr key={one.address} data-testid="bridge-operator" data-address={one.address}>
                <th scope="row">
                  <Hash value={one.address} />
                </th>
                <td>{number(one.voted)}</td>
                <td>{one.behind === 0 ? t.lag("0") : t.lag(number(one.behind))}</td>
                <td>{number(one.dissented)}</td>
                <td class={one.culprit > 0 ? "mark-bad" : ""}>{number(one.culprit)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="help">{t.lagHelp}</p>
    </Section>
  );
}
