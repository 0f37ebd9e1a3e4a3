// What somebody put into the one box: text, or a file. Decides what it is, and never what it means.
import { fromBase64Url, fromHex } from "./bytes.ts";

/** What is to be judged, as far as the box tells. */
export type Input =
  | { kind: "transaction"; hash: string }
  | { kind: "nonce"; nonce: bigint }
  | { kind: "bundle"; bytes: Uint8Array<ArrayBuffer>; name: string }
  | { kind: "trust"; text: string; name: string }
  | { kind: "link"; fragment: string }
  | { kind: "refused"; code: InputCode; detail?: string };

/** Why the box cannot use what it was given. */
export type InputCode =
  | "input.empty"
  | "input.address"
  | "input.hash_length"
  | "input.nonce_range"
  | "input.bundle_json"
  | "input.unknown"
  | "input.too_large"
  | "input.empty_file"
  | "input.not_bundle"
  | "input.unreadable";

/** More is not read into memory: the core reads no larger bundle. */
export const LARGEST_BUNDLE = 256 * 1024 * 1024;
/** A trust file has some kilobytes. */
export const LARGEST_TRUST = 1024 * 1024;
const MAGIC = "SPLT";
const MAGIC_IN_HEX = "0x53504c54";
const LARGEST_NONCE = 0xffff_ffff_ffff_ffffn;

/** Decides what text is. */
export function ofText(raw: string): Input {
  const text = raw.trim();
  if (text === "") return { kind: "refused", code: "input.empty" };
  const link = /^(?:https?|file):\/\/[^#]*#(.+)$/s.exec(text);
  if (link) return { kind: "link", fragment: link[1] ?? "" };
  if (/^\d+$/.test(text)) return ofDigits(text);
  if (/^0x[0-9a-f]*$/i.test(text) && text.length <= 2 + 64 && !text.startsWith(MAGIC_IN_HEX)) return ofHash(text);
  if (/^[0-9a-f]{64}$/i.test(text)) return { kind: "transaction", hash: `0x${text.toLowerCase()}` };
  if (/^[{]/.test(text) || /^\s*version\s*=/m.test(text)) return ofDocument(text, "pasted");
  const bytes = fromHex(text) ?? fromBase64Url(text);
  if (bytes !== null && startsAsBundle(bytes)) return { kind: "bundle", bytes, name: "pasted.spl" };
  return { kind: "refused", code: "input.unknown" };
}

/** Decides what a file is, by its size before anything is read, then by its first bytes. */
export async function ofFile(file: File): Promise<Input> {
  const { name, size } = file;
  if (size === 0) return { kind: "refused", code: "input.empty_file", detail: name };
  if (size > LARGEST_BUNDLE) return { kind: "refused", code: "input.too_large", detail: `${name}, ${megabytes(size)} MB` };
  try {
    const head = new Uint8Array(await file.slice(0, 64).arrayBuffer());
    if (startsAsBundle(head)) return { kind: "bundle", bytes: new Uint8Array(await file.arrayBuffer()), name };
    const text = new TextDecoder().decode(head).trimStart();
    const looksWritten = text.startsWith("{") || text.startsWith("#") || /^(version|\[)/.test(text);
    if (!looksWritten || size > LARGEST_TRUST) return { kind: "refused", code: "input.not_bundle", detail: name };
    return ofDocument(await file.text(), name);
  } catch (cause) {
    return { kind: "refused", code: "input.unreadable", detail: `${name}: ${String(cause)}` };
  }
}

function ofDigits(text: string): Input {
  const nonce = text.length > 20 ? LARGEST_NONCE + 1n : BigInt(text);
  return nonce > LARGEST_NONCE ? { kind: "refused", code: "input.nonce_range" } : { kind: "nonce", nonce };
}

function ofHash(text: string): Input {
  const digits = text.length - 2;
  if (digits === 64) return { kind: "transaction", hash: text.toLowerCase() };
  if (digits === 40) return { kind: "refused", code: "input.address" };
  return { kind: "refused", code: "input.hash_length", detail: String(digits) };
}

function ofDocument(text: string, name: string): Input {
  if (/"bundle"\s*:/.test(text.slice(0, 200))) return { kind: "refused", code: "input.bundle_json", detail: name };
  return { kind: "trust", text, name };
}

function startsAsBundle(bytes: Uint8Array): boolean {
  return String.fromCharCode(...bytes.subarray(0, MAGIC.length)) === MAGIC;
}

function megabytes(size: number): string {
  return Math.ceil(size / 1024 / 1024).toLocaleString("en");
}
