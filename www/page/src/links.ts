// Links into the page. What a link brings that decides verdicts, or whom the page talks to, is shown before it is used.
import { batch, signal } from "@preact/signals";
import { ask, chooseTrust, fail, judge } from "./actions.ts";
import { bridgeRequest } from "./bridge/store.ts";
import { fingerprint } from "./model/bytes.ts";
import { pack, readLink, writeLink, type Link } from "./model/link.ts";
import { ofText } from "./model/input.ts";
import { problemOf } from "./model/problem.ts";
import { readTrust, sources, type TrustFile } from "./model/trust.ts";
import { accepted, endpoints, fixedNow, route, theme, trust, type Judged, type Theme } from "./store.ts";
import { isLanguage, language } from "./text/index.ts";

/** What a link wants to change; the rest of it waits. */
export interface Offer {
  trust: TrustFile | null;
  endpoints: Record<string, string>;
  now: number | undefined;
  mark: string;
  link: Link;
}

export const offer = signal<Offer | null>(null);

/** Follows a link's fragment. */
export async function useLink(fragment: string): Promise<void> {
  const link = await readLink(fragment);
  if (link.unreadable.length > 0) return fail({ code: "input.link", detail: link.unreadable.join(", ") });
  if (link.lang !== undefined && isLanguage(link.lang)) language.value = link.lang;
  if (link.theme !== undefined && ["auto", "light", "dark"].includes(link.theme)) theme.value = link.theme as Theme;
  let brought: TrustFile | null = null;
  try {
    if (link.trust !== undefined && link.trust !== trust.value?.text) brought = await readTrust(link.trust, "link");
  } catch (thrown) {
    return fail(problemOf(thrown));
  }
  const changed = Object.fromEntries(Object.entries(link.endpoints).filter(([chain, address]) => endpoints.value[chain] !== address));
  const now = link.now === (fixedNow.value ?? undefined) ? undefined : link.now;
  if (brought === null && Object.keys(changed).length === 0 && now === undefined) return proceed(link);
  const mark = await fingerprint(JSON.stringify([brought?.text ?? null, changed, now ?? null]));
  const wanted: Offer = { trust: brought, endpoints: changed, now, mark, link };
  // What was accepted once may still not replace another trust unasked: any old link would do.
  const replaces = brought !== null && trust.value !== null;
  if (mark !== "" && accepted.has(mark) && !replaces) return accept(wanted);
  offer.value = wanted;
}

/** Uses what the link brings, and goes on with it. */
export async function accept(wanted: Offer): Promise<void> {
  if (wanted.mark !== "") accepted.add(wanted.mark);
  batch(() => {
    offer.value = null;
    endpoints.value = { ...endpoints.value, ...wanted.endpoints };
    if (wanted.now !== undefined) fixedNow.value = wanted.now;
  });
  if (wanted.trust) await chooseTrust(wanted.trust.text, wanted.trust.name);
  await proceed(wanted.link);
}

/** Goes on without it. */
export async function decline(wanted: Offer): Promise<void> {
  offer.value = null;
  await proceed(wanted.link);
}

async function proceed(link: Link): Promise<void> {
  const chosen = trust.value;
  const from = link.from ?? (chosen ? sources(chosen)[0] : undefined);
  if (link.view === "bridge") {
    route.value = "bridge";
    bridgeRequest.value = { from, range: link.range, start: link.start === true };
    return;
  }
  if (link.bundle !== undefined) return judge(link.bundle, "link.spl");
  if (link.transaction !== undefined) {
    const input = ofText(link.transaction);
    if (input.kind !== "transaction") return fail({ code: "input.link", detail: "tx" });
    return ask({ kind: "transaction", hash: input.hash, ...(link.from !== undefined && { from: link.from }) });
  }
  if (link.nonce !== undefined) {
    const input = ofText(link.nonce);
    if (input.kind !== "nonce") return fail({ code: "input.nonce_range" });
    return ask({ kind: "nonce", nonce: input.nonce, from: from ?? "" });
  }
}

/** A link that sets another browser up as this one is. */
export async function settingsFields(): Promise<[string, string | number | undefined][]> {
  const chosen = trust.value;
  return [
    ["trust", chosen ? await pack(new TextEncoder().encode(chosen.text)) : undefined],
    ...Object.entries(endpoints.value).map(([chain, address]): [string, string] => [`rpc.${chain}`, address]),
    ["now", fixedNow.value ?? undefined],
  ];
}

/**
 * What a verdict rests on, whatever is set by now. Without endpoints: their addresses may hold keys, and a verdict is for others.
 */
export async function judgedFields({ trust: chosen, now, byClock }: Judged): Promise<[string, string | number | undefined][]> {
  return [
    ["trust", await pack(new TextEncoder().encode(chosen.text))],
    ["now", byClock ? undefined : now],
  ];
}

/** A link with these fields to where this page is. */
export function linkTo(fields: readonly (readonly [string, string | number | undefined])[]): string {
  return writeLink(location.href, fields);
}
