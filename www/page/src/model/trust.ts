// The trust file as the page shows it. What it means is decided by the core alone, from the text.
import { parse as parseToml } from "smol-toml";
import { fingerprint } from "./bytes.ts";

/** A trust file that was chosen. */
export interface TrustFile {
  /** The JSON text that the core reads. */
  text: string;
  name: string;
  /** Empty where the browser computes none. */
  fingerprint: string;
  chains: TrustedChain[];
  ends: { chain: string; address: string; sends: boolean }[];
}

/** The parts of a trusted chain that people compare. */
export interface TrustedChain {
  name: string;
  chainId: string;
  checkpoint: { number: string; hash: string };
  council: number;
  trustingPeriod: number;
  maxAge: number;
  patience: number;
  allowJump: boolean;
}

export type TrustCode = "trust.syntax" | "trust.schema" | "trust.not_a_pair";

/** A file that cannot be a trust file; the core refuses the rest, with its own codes. */
export class TrustRefusal extends Error {
  readonly code: TrustCode;
  constructor(code: TrustCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Reads JSON or TOML. */
export async function readTrust(source: string, name: string): Promise<TrustFile> {
  const text = source.trimStart().startsWith("{") ? source : tomlToJson(source);
  const parsed = parse(text);
  const chains = list(parsed, "chains").map(ofChain);
  const ends = list(field(parsed, "bridge"), "ends").map((end) => ({
    chain: String(field(end, "chain")),
    address: String(field(end, "address")),
    sends: field(end, "sends") !== false,
  }));
  if (chains.length !== 2 || ends.length !== 2) throw new TrustRefusal("trust.not_a_pair", `${chains.length} chains, ${ends.length} bridge ends`);
  return { text, name, fingerprint: await fingerprint(text), chains, ends };
}

/** Where requests of `from` arrive. */
export function otherChain(trust: TrustFile, from: string): string {
  return trust.ends.map((end) => end.chain).find((chain) => chain !== from) ?? from;
}

/** The chains whose requests this trust judges, in its order. */
export function sources(trust: TrustFile): string[] {
  return trust.ends.filter((end) => end.sends).map((end) => end.chain);
}

function ofChain(chain: unknown): TrustedChain {
  const [profile, checkpoint] = [field(chain, "profile"), field(chain, "checkpoint")];
  const council = field(checkpoint, "council");
  return {
    name: String(field(profile, "name")),
    chainId: String(field(profile, "chain_id")),
    checkpoint: { number: String(field(checkpoint, "number")), hash: String(field(checkpoint, "hash")) },
    council: Array.isArray(council) ? council.length : 0,
    trustingPeriod: Number(field(chain, "trusting_period")),
    maxAge: Number(field(chain, "max_age")),
    patience: Number(field(chain, "patience")),
    allowJump: field(chain, "allow_jump") === true,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TrustRefusal("trust.syntax", cause instanceof Error ? cause.message : String(cause));
  }
}

function tomlToJson(source: string): string {
  try {
    return write(parseToml(source, { integersAsBigInt: true }));
  } catch (cause) {
    throw new TrustRefusal("trust.syntax", cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : String(cause));
  }
}

// JSON with exact integers.
function write(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${write(inner)}`).join(",")}}`;
  return JSON.stringify(value);
}

function field(value: unknown, name: string): unknown {
  if (typeof value === "object" && value !== null && name in value) return (value as Record<string, unknown>)[name];
  if (name === "sends" || name === "allow_jump") return undefined;
  throw new TrustRefusal("trust.schema", name);
}

function list(value: unknown, name: string): unknown[] {
  const found = field(value, name);
  if (Array.isArray(found)) return found;
  throw new TrustRefusal("trust.schema", name);
}
