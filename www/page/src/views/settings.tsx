// The settings sheet: trust, endpoints, the time to judge by.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { chooseTrust, forgetAll, removeTrust } from "../actions.ts";
import { duration, number, short, time } from "../format.ts";
import { linkTo, settingsFields } from "../links.ts";
import { isAddress } from "../model/link.ts";
import { problemOf, type Problem } from "../model/problem.ts";
import { readTrust, type TrustFile, type TrustedChain } from "../model/trust.ts";
import { tryEndpoint } from "../model/try-endpoint.ts";
import { endpoints, everySeal, fixedNow, settingsOpen, trust } from "../store.ts";
import { text } from "../text/index.ts";
import { CopyButton, Hash, Icon } from "./parts.tsx";
import { wordsFor } from "../model/words.ts";

export function Settings() {
  const sheet = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    const dialog = sheet.current;
    if (dialog === null) return;
    if (settingsOpen.value && !dialog.open) dialog.showModal();
    if (!settingsOpen.value && dialog.open) dialog.close();
  });
  const t = text.value.settings;
  return (
    <dialog ref={sheet} class="sheet" aria-labelledby="settings-title" onClose={() => (settingsOpen.value = false)} data-testid="settings">
      <div class="sheet-head">
        <h2 id="settings-title" tabIndex={-1} autofocus>{t.heading}</h2>
        <button type="button" class="icon-button" aria-label={t.close} onClick={() => (settingsOpen.value = false)} data-testid="settings-close">
          <Icon name="cross" />
        </button>
      </div>
      <p class="muted">{t.stored}</p>
      <TrustPart />
      <EndpointsPart />
      <TimePart />
      <div class="row">
        <CopyButton value={async () => linkTo(await settingsFields())} what={t.link} label={t.link} testid="settings-link" />
        <button type="button" class="button danger" onClick={() => void forgetAll()} data-testid="forget">
          {t.forget}
        </button>
      </div>
    </dialog>
  );
}

function TrustPart() {
  const t = text.value.settings;
  const pasted = useSignal("");
  const problem = useSignal<Problem | null>(null);
  const use = async (source: string, name: string): Promise<void> => {
    try {
      await readTrust(source, name);
      problem.value = null;
      pasted.value = "";
      await chooseTrust(source, name);
    } catch (thrown) {
      problem.value = problemOf(thrown);
    }
  };
  const chosen = trust.value;
  return (
    <fieldset class="part">
      <legend>{t.trust}</legend>
      <p class="help">{t.trustLead}</p>
      {chosen && <TrustSummary file={chosen} testid="trust-summary" />}
      <div class="row">
        <label class="button file-button">
          <Icon name="file" />
          {t.chooseFile}
          <input
            type="file"
            accept=".json,.toml"
            class="unseen"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              currentTarget.value = "";
              if (file) void file.text().then((source) => use(source, file.name));
            }}
            data-testid="trust-file"
          />
        </label>
        {chosen && (
          <button type="button" class="text-button" onClick={removeTrust} data-testid="trust-remove">
            {t.remove}
          </button>
        )}
      </div>
      <label class="field">
        <span>{t.paste}</span>
        <textarea rows={3} spellcheck={false} value={pasted.value} onInput={(event) => (pasted.value = event.currentTarget.value)} data-testid="trust-text" />
      </label>
      <button type="button" class="button" disabled={pasted.value.trim() === ""} onClick={() => void use(pasted.value, "trust.json")} data-testid="trust-apply">
        {t.apply}
      </button>
      {problem.value && (
        <p class="notice bad" role="alert" data-testid="trust-problem" data-code={problem.value.code}>
          <Icon name="alert" />
          <span>
            {wordsFor(problem.value, text.value).title} {wordsFor(problem.value, text.value).help} <code>{problem.value.detail}</code>
          </span>
        </p>
      )}
    </fieldset>
  );
}

/** What a trust file says, for comparing it with other people. */
export function TrustSummary({ file, testid, fingerprintId = "trust-fingerprint" }: { file: TrustFile; testid: string; fingerprintId?: string }) {
  const t = text.value.settings;
  return (
    <div class="trust-summary" data-testid={testid}>
      <p>
        <strong>{file.name}</strong>
        <br />
        <span class="muted">{t.fingerprint}</span> <code data-testid={fingerprintId}>{file.fingerprint === "" ? t.fingerprintNone : file.fingerprint}</code>
      </p>
      <ul class="plain">
        {file.chains.map((chain) => (
          <ChainLine key={chain.name} chain={chain} address={file.ends.find((end) => end.chain === chain.name)?.address ?? ""} />
        ))}
      </ul>
    </div>
  );
}

function ChainLine({ chain, address }: { chain: TrustedChain; address: string }) {
  const t = text.value.settings;
  return (
    <li>
      <strong>{t.chain(chain.name, chain.chainId)}</strong>
      <br />
      <span class="muted tiny">
        {t.checkpoint(chain.checkpoint.number, number(chain.council))} (<span title={chain.checkpoint.hash}>{short(chain.checkpoint.hash)}</span>)
        <br />
        {t.periods(duration(chain.trustingPeriod), duration(chain.maxAge), duration(chain.patience))}
        {chain.allowJump && `, ${t.jump}`}
        <br />
        {t.bridge(chain.name)} <Hash value={address} />
      </span>
    </li>
  );
}

function EndpointsPart() {
  const t = text.value.settings;
  const chosen = trust.value;
  return (
    <fieldset class="part">
      <legend>{t.endpoints}</legend>
      <p class="help">{t.endpointsLead}</p>
      {chosen === null && <p class="muted">{t.noTrustYet}</p>}
      {chosen?.chains.map((chain) => <EndpointField key={chain.name} chain={chain} />)}
      <label class="choice">
        <input type="checkbox" checked={everySeal.value} onChange={(event) => (everySeal.value = event.currentTarget.checked)} />
        <span>
          {t.everySeal}
          <span class="help">{t.everySealHelp}</span>
        </span>
      </label>
    </fieldset>
  );
}

interface Tried {
  ok: boolean;
  words: string;
}

function EndpointField({ chain }: { chain: TrustedChain }) {
  const t = text.value.settings;
  const tried = useSignal<Tried | "trying" | null>(null);
  const address = endpoints.value[chain.name] ?? "";
  const set = (value: string): void => {
    tried.value = null;
    endpoints.value = { ...endpoints.value, [chain.name]: value.trim() };
  };
  const test = async (): Promise<void> => {
    if (!isAddress(address)) return void (tried.value = { ok: false, words: t.address });
    tried.value = "trying";
    tried.value = await tryEndpoint(address, chain).then(
      ({ id, block, right }) => (right ? { ok: true, words: t.testOk(id, block) } : { ok: false, words: t.testWrongChain(id, chain.chainId) }),
      (thrown: unknown) => {
        const words = wordsFor(problemOf(thrown), text.value);
        return { ok: false, words: `${words.title} ${words.help}` };
      },
    );
  };
  const id = `endpoint-${chain.name}`;
  const result = tried.value;
  return (
    <div class="field">
      <label for={id}>{t.endpoint(chain.name)}</label>
      <div class="row tight">
        <input id={id} type="url" inputMode="url" placeholder="https://" autocomplete="off" value={address} onChange={(event) => set(event.currentTarget.value)} aria-describedby={`${id}-state`} data-testid={id} />
        <button type="button" class="button" disabled={address === "" || result === "trying"} onClick={() => void test()} data-testid={`endpoint-test-${chain.name}`}>
          {result === "trying" ? t.testing : t.test}
        </button>
      </div>
      <p id={`${id}-state`} class={result !== null && result !== "trying" && !result.ok ? "help bad" : "help"} role="status" data-testid={`endpoint-state-${chain.name}`} data-ok={result !== null && result !== "trying" ? String(result.ok) : undefined}>
        {result !== null && result !== "trying" && result.words}
      </p>
    </div>
  );
}

function TimePart() {
  const t = text.value.settings;
  const fixed = fixedNow.value;
  return (
    <fieldset class="part">
      <legend>{t.time}</legend>
      <p class="help">{t.timeLead}</p>
      <label class="choice">
        <input type="radio" name="now" checked={fixed === null} onChange={() => (fixedNow.value = null)} data-testid="now-clock" />
        <span>{t.useClock}</span>
      </label>
      <label class="choice">
        <input type="radio" name="now" checked={fixed !== null} onChange={() => (fixedNow.value = Math.floor(Date.now() / 1000))} data-testid="now-fixed" />
        <span>{t.useFixed}</span>
      </label>
      {fixed !== null && (
        <label class="field">
          <span>{t.unix}</span>
          <input
            type="text"
            inputMode="numeric"
            value={String(fixed)}
            onInput={(event) => {
              const typed = event.currentTarget.value.trim();
              if (/^\d{1,12}$/.test(typed)) fixedNow.value = Number(typed);
            }}
            data-testid="now-input"
          />
          <span class="help">{time(fixed)}</span>
        </label>
      )}
    </fieldset>
  );
}
