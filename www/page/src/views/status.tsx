// What verdicts rest on, always in sight, and what to do before the first one.
import { useRef } from "preact/hooks";
import { submitFiles } from "../actions.ts";
import { number, time } from "../format.ts";
import { endpoints, fixedNow, outcome, settingsOpen, trust, waiting } from "../store.ts";
import { text } from "../text/index.ts";
import { Icon, type IconName } from "./parts.tsx";

export function Status() {
  const t = text.value.status;
  const chosen = trust.value;
  const ends = chosen?.ends ?? [];
  const set = ends.filter((end) => endpoints.value[end.chain]).length;
  const fixed = fixedNow.value;
  return (
    <ul class="status no-print" aria-label={t.label}>
      <Entry icon="shield" label={t.trust} value={chosen ? `${ends.map((end) => end.chain).join(" ⇄ ")} · ${chosen.name}` : t.noTrust} quiet={chosen === null} testid="status-trust" />
      <Entry icon="node" label={t.endpoints} value={set === 0 ? t.noEndpoints : t.endpointsSet(number(set), number(ends.length))} quiet={set === 0} testid="status-endpoints" />
      <Entry icon="clock" label={t.now} value={fixed === null ? t.clock : time(fixed)} warn={fixed !== null} testid="status-now" extra={{ "data-clock": String(fixed === null) }} />
    </ul>
  );
}

function Entry({ icon, label, value, testid, quiet = false, warn = false, extra }: { icon: IconName; label: string; value: string; testid: string; quiet?: boolean; warn?: boolean; extra?: Record<string, string> }) {
  return (
    <li data-testid={testid} {...extra}>
      <button type="button" class={`status-entry${quiet ? " quiet" : ""}${warn ? " warn" : ""}`} onClick={() => (settingsOpen.value = true)}>
        <Icon name={icon} />
        <span class="status-label">{label}</span> <span class="status-value">{value}</span>
      </button>
    </li>
  );
}

/** Shown until something is trusted. */
export function Start() {
  const t = text.value.start;
  const files = useRef<HTMLInputElement>(null);
  if (trust.value !== null || outcome.value.kind === "running") return null;
  const kept = waiting.value;
  return (
    <section class="card start" aria-labelledby="start-title" data-testid="start">
      {kept && (
        <p class="notice" role="status" data-testid="waiting">
          <Icon name="file" />
          <span>{t.waiting(kept.name)}</span>
        </p>
      )}
      <h2 id="start-title">{t.heading}</h2>
      <p class="lead">{t.body}</p>
      <div class="row">
        <button type="button" class="button primary" onClick={() => files.current?.click()}>
          <Icon name="shield" />
          {t.choose}
        </button>
        <button type="button" class="text-button" onClick={() => (settingsOpen.value = true)}>
          {t.paste}
        </button>
        <input ref={files} type="file" accept=".json,.toml" class="unseen" tabIndex={-1} aria-label={t.choose} onChange={({ currentTarget }) => void submitFiles([...(currentTarget.files ?? [])])} data-testid="start-trust-file" />
      </div>
      <ol class="start-steps">
        {t.steps.map(([title, body]) => (
          <li key={title}>
            <strong>{title}</strong>
            <span>{body}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
