// While something runs, and when it was refused.
import { cancel } from "../actions.ts";
import { number } from "../format.ts";
import { outcome, settingsOpen } from "../store.ts";
import { text } from "../text/index.ts";
import type { Problem } from "../model/problem.ts";
import { said, wordsFor } from "../model/words.ts";
import { Icon } from "./parts.tsx";

export function Progress() {
  const current = outcome.value;
  if (current.kind !== "running") return null;
  const t = text.value.progress;
  const { stage, done, total } = current;
  const said = stage in t && typeof t[stage as keyof typeof t] === "string" ? (t[stage as "headers"] as string) : t.other;
  return (
    <section class="card progress" role="status" data-testid="progress" data-stage={stage}>
      <div class="progress-words">
        <strong>{said}</strong>
        {total !== undefined && total > 0 && <span>{t.of(number(done), number(total))}</span>}
      </div>
      <progress aria-label={said} {...(total !== undefined && total > 0 ? { value: Math.min(done, total), max: total } : {})} data-testid="progress-bar" />
      {current.asked.kind !== "bundle" && (
        <p key={`${stage}/${done}`} class="help late">
          {t.slow}
        </p>
      )}
      <button type="button" class="button" onClick={cancel} data-testid="cancel">
        {t.cancel}
      </button>
    </section>
  );
}

export function Refusal() {
  const current = outcome.value;
  if (current.kind !== "failed") return null;
  return <ProblemCard problem={current.problem} dismiss={() => (outcome.value = { kind: "idle" })} />;
}

const IN_SETTINGS = /^(page\.no_|trust|rpc|consensus\.anchor|options|not_yet_trusted|missing|unsupported)/;

export function ProblemCard({ problem, dismiss }: { problem: Problem; dismiss?: () => void }) {
  const words = wordsFor(problem, text.value);
  return (
    <section class="card problem" role="alert" data-testid="problem" data-code={problem.code}>
      <Icon name="alert" />
      <div>
        <h2>
          {problem.chain !== undefined && `${text.value.settings.endpoint(problem.chain)}: `}
          {words.title}
        </h2>
        <p>{words.help}</p>
        <p class="detail">
          <code>{problem.code}</code>
          {problem.detail !== undefined && problem.detail !== "" && <span> {said(problem.detail, text.value)}</span>}
        </p>
        {IN_SETTINGS.test(problem.code) && (
          <button type="button" class="button" onClick={() => (settingsOpen.value = true)}>
            {text.value.frame.settings}
          </button>
        )}
      </div>
      {dismiss && (
        <button type="button" class="icon-button" aria-label={text.value.settings.close} onClick={dismiss} data-testid="problem-dismiss">
          <Icon name="cross" />
        </button>
      )}
    </section>
  );
}
