// What a link carries behind its `#`: it never leaves the browser.
import { deflate, fromBase64Url, inflate, toBase64Url } from "./bytes.ts";
import { LARGEST_TRUST } from "./input.ts";

/** The fields of a link, unpacked. */
export interface Link {
  transaction?: string;
  nonce?: string;
  from?: string;
  bundle?: Uint8Array<ArrayBuffer>;
  view?: "bridge";
  range?: readonly [string, string];
  start?: boolean;
  trust?: string;
  endpoints: Record<string, string>;
  now?: number;
  lang?: string;
  theme?: string;
  /** Names of fields whose value cannot be read. */
  unreadable: string[];
}

const LARGEST_LINKED_BUNDLE = 64 * 1024 * 1024;
/** Longer links are cut by messengers and mail programs. */
export const LONGEST_LINK = 32_000;

/** Reads the text behind the `#`. */
export async function readLink(fragment: string): Promise<Link> {
  const link: Link = { endpoints: {}, unreadable: [] };
  for (const part of fragment.replace(/^#/, "").split("&")) {
    if (part === "") continue;
    const cut = part.indexOf("=");
    const name = cut < 0 ? part : part.slice(0, cut);
    const value = decode(cut < 0 ? "" : part.slice(cut + 1));
    if (value === null || !(await put(link, name, value))) link.unreadable.push(name);
  }
  return link;
}

async function put(link: Link, name: string, value: string): Promise<boolean> {
  if (name.startsWith("rpc.") && name.length > 4) return putEndpoint(link, name.slice(4), value);
  switch (name) {
    case "tx":
      link.transaction = value;
      return true;
    case "nonce":
      link.nonce = value;
      return /^\d+$/.test(value);
    case "from":
      link.from = value;
      return true;
    case "lang":
      link.lang = value;
      return true;
    case "theme":
      link.theme = value;
      return true;
    case "view":
      if (value === "bridge") link.view = value;
      return value === "bridge" || value === "check";
    case "range": {
      const [, first, last] = /^(\d{1,20})-(\d{1,20})$/.exec(value) ?? [];
      if (first !== undefined && last !== undefined) link.range = [first, last];
      return link.range !== undefined;
    }
    case "start":
      link.start = value !== "0";
      return true;
    case "now":
      if (/^\d{1,12}$/.test(value)) link.now = Number(value);
      return link.now !== undefined;
    case "bundle":
      return unpack(value, "SPLT", LARGEST_LINKED_BUNDLE, (bytes) => (link.bundle = bytes));
    case "trust":
      return unpack(value, "{", LARGEST_TRUST, (bytes) => (link.trust = new TextDecoder().decode(bytes)));
    default:
      return false;
  }
}

function putEndpoint(link: Link, chain: string, value: string): boolean {
  if (!isAddress(value)) return false;
  link.endpoints[chain] = value;
  return true;
}

/** Whether an endpoint's address is one that a page can ask. */
export function isAddress(text: string): boolean {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

async function unpack(text: string, start: string, most: number, keep: (bytes: Uint8Array<ArrayBuffer>) => void): Promise<boolean> {
  const given = fromBase64Url(text);
  if (given === null) return false;
  const begins = (bytes: Uint8Array): boolean => String.fromCharCode(...bytes.subarray(0, start.length)) === start;
  const bytes = begins(given) ? given : await inflate(given, most);
  if (bytes === null || bytes.length > most || !begins(bytes)) return false;
  keep(bytes);
  return true;
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/** A link to `base` with these fields, in order; empty ones are left out. */
export function writeLink(base: string, fields: readonly (readonly [name: string, value: string | number | undefined])[]): string {
  const parts = fields.filter(([, value]) => value !== undefined && value !== "").map(([name, value]) => `${name}=${encodeURIComponent(String(value)).replaceAll("%3A", ":").replaceAll("%2F", "/")}`);
  return `${base.replace(/#.*$/s, "")}#${parts.join("&")}`;
}

/** Bytes for a field of a link. */
export async function pack(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toBase64Url(await deflate(bytes));
}
