// The one box: a hash, a number, a link, or a proof file.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { submitFiles, submitText } from "../actions.ts";
import { otherChain, sources } from "../model/trust.ts";
import { outcome, trust } from "../store.ts";
import { text } from "../text/index.ts";
import { Icon } from "./parts.tsx";

export function Box() {
  const t = text.value.box;
  const typed = useSignal("");
  const from = useSignal<string | undefined>(undefined);
  const files = useRef<HTMLInputElement>(null);
  const busy = outcome.value.kind === "running";
  const submit = (event: Event): void => {
    event.preventDefault();
    void submitText(typed.value, from.value);
  };
  const choose = ({ currentTarget }: { currentTarget: HTMLInputElement }): void => {
    const chosen = [...(currentTarget.files ?? [])];
    currentTarget.value = "";
    void submitFiles(chosen);
  };
  return (
    <form class="box no-print" onSubmit={submit} data-testid="box">
      <label class="box-label" for="box-input">
        {t.label}
      </label>
      <div class="box-row">
        <input
          id="box-input"
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={t.placeholder}
          value={typed.value}
          aria-describedby="box-help"
          onInput={(event) => (typed.value = event.currentTarget.value)}
          data-testid="box-input"
        />
        <button type="submit" class="button primary" disabled={busy} data-testid="box-submit">
          {busy ? t.busy : t.submit}
        </button>
        <button type="button" class="button" onClick={() => files.current?.click()}>
          <Icon name="file" />
          {t.file}
        </button>
        <input ref={files} type="file" multiple accept=".spl,.json,.toml,application/octet-stream" class="unseen" tabIndex={-1} aria-label={t.file} onChange={choose} data-testid="box-file" />
      </div>
      <p id="box-help" class="help">
        {t.help}
      </p>
      {/^\s*\d+\s*$/.test(typed.value) && <Direction chosen={from.value} choose={(chain) => (from.value = chain)} />}
    </form>
  );
}

/** A number alone does not say which chain counts it. */
function Direction({ chosen, choose }: { chosen: string | undefined; choose: (chain: string) => void }) {
  const known = trust.value;
  if (known === null) return null;
  const chains = sources(known);
  return (
    <fieldset class="choices">
      <legend>{text.value.box.direction}</legend>
      {chains.map((chain, at) => (
        <label key={chain} class="choice">
          <input type="radio" name="direction" checked={chosen === undefined ? at === 0 : chosen === chain} onChange={() => choose(chain)} data-testid={`direction-${chain}`} />
          <span>{text.value.box.directionOption(chain, otherChain(known, chain))}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Takes files from anywhere on the page. */
export function DropTarget() {
  const over = useSignal(false);
  const listening = useRef(false);
  if (!listening.current) {
    listening.current = true;
    const carriesFiles = (event: DragEvent): boolean => [...(event.dataTransfer?.types ?? [])].includes("Files");
    addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      over.value = true;
    });
    addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) over.value = false;
    });
    addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      over.value = false;
      void submitFiles([...(event.dataTransfer?.files ?? [])]);
    });
  }
  return over.value ? <div class="drop" aria-hidden="true">{text.value.box.drop}</div> : null;
}
