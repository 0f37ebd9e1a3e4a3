// What the page knows: settings that stay in this browser, and the one answer that is shown.
import { computed, effect, signal } from "@preact/signals";
import type { Report } from "spanlight/module";
import type { Problem } from "./model/problem.ts";
import { readTrust, type TrustFile } from "./model/trust.ts";

export type Theme = "auto" | "light" | "dark";
export type Route = "check" | "bridge";

/** What is asked; a link and a command can say it again. */
export type Asked =
  | { kind: "transaction"; hash: string; from?: string }
  | { kind: "nonce"; nonce: bigint; from: string }
  | { kind: "bundle"; name: string };

/** Everything that an answer rests on, kept beside it: settings may change while it is shown. */
export interface Judged {
  kind: "judged";
  report: Report;
  bundle: Uint8Array;
  asked: Asked;
  trust: TrustFile;
  /** Unix seconds by which it was judged. */
  now: number;
  /** Whether that was this device's clock. */
  byClock: boolean;
  milliseconds: number;
}

export type Outcome =
  | { kind: "idle" }
  | { kind: "running"; asked: Asked; stage: string; done: number; total: number | undefined }
  | Judged
  | { kind: "failed"; problem: Problem; asked?: Asked };

export const route = signal<Route>("check");
export const outcome = signal<Outcome>({ kind: "idle" });
export const trust = signal<TrustFile | null>(null);
export const endpoints = signal<Readonly<Record<string, string>>>({});
/** Unix seconds to judge by instead of the clock. */
export const fixedNow = signal<number | null>(null);
/** Check the seals of every header, not only of those that carry weight. */
export const everySeal = signal(false);
export const theme = signal<Theme>("auto");
/** A bundle that waits for a trust file. */
export const waiting = signal<{ bytes: Uint8Array<ArrayBuffer>; name: string } | null>(null);
export const settingsOpen = signal(false);
/** Read out by screen readers. */
export const announcement = signal("");

/** Whether an endpoint is set for both chains of the bridge. */
export const canAsk = computed(() => {
  const ends = trust.value?.ends ?? [];
  return ends.length === 2 && ends.every((end) => endpoints.value[end.chain]);
});

const KEY = "spanlight.settings";

interface Stored {
  trust?: { text: string; name: string };
  endpoints?: Record<string, string>;
  now?: number | null;
  everySeal?: boolean;
  theme?: Theme;
}

/** Brings back what this browser keeps; what cannot be read is left out. */
export async function restore(): Promise<void> {
  const stored = read();
  endpoints.value = stored.endpoints ?? {};
  fixedNow.value = stored.now ?? null;
  everySeal.value = stored.everySeal ?? false;
  theme.value = stored.theme ?? "auto";
  if (stored.trust) trust.value = await readTrust(stored.trust.text, stored.trust.name).catch(() => null);
}

/** Keeps the settings in this browser from now on. */
export function keep(): void {
  effect(() => {
    const chosen = trust.value;
    const settings: Stored = {
      endpoints: { ...endpoints.value },
      now: fixedNow.value,
      everySeal: everySeal.value,
      theme: theme.value,
      ...(chosen && { trust: { text: chosen.text, name: chosen.name } }),
    };
    write(JSON.stringify(settings));
  });
}

/** Forgets everything that was set. */
export function forget(): void {
  trust.value = null;
  endpoints.value = {};
  fixedNow.value = null;
  everySeal.value = false;
  accepted.clear();
  outcome.value = { kind: "idle" };
  waiting.value = null;
}

/** Fingerprints of what links brought and a person accepted. */
export const accepted = {
  key: "spanlight.accepted",
  has(mark: string): boolean {
    return this.all().includes(mark);
  },
  add(mark: string): void {
    attempt(() => localStorage.setItem(this.key, JSON.stringify([...this.all().slice(-49), mark])));
  },
  clear(): void {
    attempt(() => localStorage.removeItem(this.key));
  },
  all(): string[] {
    const stored = attempt(() => JSON.parse(localStorage.getItem(this.key) ?? "[]") as unknown);
    return Array.isArray(stored) ? stored.map(String) : [];
  },
};

function read(): Stored {
  return attempt(() => JSON.parse(localStorage.getItem(KEY) ?? "{}") as Stored) ?? {};
}

function write(text: string): void {
  attempt(() => localStorage.setItem(KEY, text));
}

// A browser may refuse storage, for example in a private window: then settings last as long as the page.
function attempt<T>(job: () => T): T | undefined {
  try {
    return job();
  } catch {
    return undefined;
  }
}
