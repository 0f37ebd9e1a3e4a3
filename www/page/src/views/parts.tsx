// Small things that many views share.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { announce } from "../actions.ts";
import { short, time } from "../format.ts";
import type { Tone } from "../model/facts.ts";
import { text } from "../text/index.ts";

/** A hash or address: short to the eye, whole for copying, hovering and screen readers. */
export function Hash({ value, whole = false }: { value: string; whole?: boolean }) {
  return (
    <span class="hash">
      <code title={value}>{whole ? value : <Shortened value={value} />}</code>
      <CopyButton value={value} what={short(value)} small />
    </span>
  );
}

function Shortened({ value }: { value: string }) {
  return (
    <>
      <span aria-hidden="true">{short(value)}</span>
      <span class="unseen">{value}</span>
    </>
  );
}

export async function copyText(value: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    return copyBySelection(value);
  }
}

// A page from disk, or by http:, has no clipboard of its own in some browsers.
function copyBySelection(value: string): boolean {
  const area = document.createElement("textarea");
  area.value = value;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
  }
}

/** Copies a text and says so. */
export function CopyButton({ value, what, small = false, label, testid }: { value: string | (() => Promise<string>); what: string; small?: boolean; label?: string; testid?: string }) {
  const state = useSignal<"" | "copied" | "failed">("");
  const copy = async (): Promise<void> => {
    const done = await copyText(typeof value === "string" ? value : await value());
    state.value = done ? "copied" : "failed";
    announce(done ? text.value.take.copied : text.value.take.copyFailed);
    setTimeout(() => (state.value = ""), 2500);
  };
  const said = state.value === "copied" ? text.value.take.copied : state.value === "failed" ? text.value.take.copyFailed : (label ?? "");
  return (
    <button type="button" class={small ? "icon-button small no-print" : "button no-print"} aria-label={label === undefined ? text.value.short.copy(what) : undefined} title={label === undefined ? text.value.short.copy(what) : undefined} onClick={copy} data-testid={testid}>
      <Icon name={state.value === "copied" ? "check" : "copy"} />
      {label !== undefined && <span data-testid={state.value === "copied" ? "copied" : undefined}>{said}</span>}
    </button>
  );
}

/** A titled part of the answer. */
export function Section({ id, title, lead, children, testid, extra, level: Title = "h3" }: { level?: "h2" | "h3"; id: string; title: string; lead?: ComponentChildren; children: ComponentChildren; testid: string; extra?: Record<string, string | undefined> }) {
  return (
    <section class="card" aria-labelledby={id} data-testid={testid} {...extra}>
      <Title id={id} class="small-title">
        {title}
      </Title>
      {lead !== undefined && <p class="lead">{lead}</p>}
      {children}
    </section>
  );
}

const TONE_ICONS: Record<Tone, IconName> = { good: "check-circle", wait: "clock", warn: "pause", bad: "alert", unknown: "question" };

export function ToneIcon({ tone }: { tone: Tone }) {
  return <Icon name={TONE_ICONS[tone]} />;
}

const ICONS = {
  check: "M5 12.5l4.5 4.5L19 7.5",
  "check-circle": "M8 12.5l2.8 2.8L16 9.7M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  clock: "M12 7.5V12l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  pause: "M10 9v6M14 9v6M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  alert: "M12 9v4.5M12 17v.01M10.3 4.2L2.9 17.5A2 2 0 0 0 4.6 20.500h14.800a2 2 0 0 0 1.700-3L13.700 4.200a2 2 0 0 0-3.400 0z",
  question: "M9.700 9.500a2.400 2.400 0 1 1 3.500 2.200c-.8.400-1.200.9-1.200 1.800M12 16.500v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  cross: "M7 7l10 10M17 7L7 17",
  copy: "M9 9h10v11H9zM5 15V4h10",
  gear: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  file: "M7 3h7l4 4v14H7zM14 3v4h4",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  auto: "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
  shield: "M12 3l7.500 3v5.500c0 4.600-3.100 7.800-7.500 9.500-4.400-1.700-7.500-4.900-7.500-9.500V6z",
  node: "M5 5h14v5H5zM5 14h14v5H5zM8 7.500v.01M8 16.500v.01",
  arrow: "M5 12h14M13 6l6 6-6 6",
  down: "M12 4v12M6.500 11l5.500 5.500L17.500 11M5 20h14",
  print: "M7 9V4h10v5M7 17H5v-6a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v6h-2M7 14h10v6H7z",
  link: "M10 14a4 4 0 0 0 5.700 0l3-3A4 4 0 0 0 13 5.300l-1 1M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1-1",
};

export type IconName = keyof typeof ICONS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={ICONS[name]} />
    </svg>
  );
}

/** Says that the time judged by is not the clock's. */
export function FixedNow({ now, testid }: { now: number; testid: string }) {
  return (
    <p class="notice warn" data-testid={testid}>
      <Icon name="clock" />
      <span>{text.value.verdict.fixedNow(time(now))}</span>
    </p>
  );
}
