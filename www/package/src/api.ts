import { call, compile } from "./engine.js";
import { Ending, openAll, type Node } from "./endpoint.js";
import { errorOf, EndpointError } from "./errors.js";
import { bytesOf, countOf, functionOf, kindOf, listOf, nameOf, optionsOf, signalOf, timeOf, trustText, unlessAborted, withoutMark } from "./given.js";
import { toJson } from "./json.js";
import type { Glue } from "./glue.js";
import type {
  Address,
  Audit,
  AuditOptions,
  BundleSummary,
  Bytes,
  Endpoint,
  FollowMode,
  GatherOptions,
  HeaderRef,
  Proof,
  ProveOptions,
  Report,
  Subject,
  Synced,
  SyncOptions,
  Time,
  Trust,
  When,
} from "./types.js";

/**
 * Judges a proof bundle by what you trust. Nothing else is asked: no node, no server.
 *
 * @param bundle - the file, in its binary form
 * @param trust - your trust file
 * @param when - the time to judge by, or options with `now`; the clock of this machine if left out
 * @throws {@link InputError} or {@link TrustError} where one of them cannot be read. What is wrong with the evidence is a
 * verdict.
 */
export async function verify(bundle: Bytes, trust: Trust, when?: When): Promise<Report> {
  const [text, time] = [trustText(trust), timeOf(when) ?? clock()];
  const file = bytesOf(bundle, "the bundle", "options.bundle");
  return withAmounts(await call((glue) => glue.verify(file, text, time)));
}

/**
 * Says what is in a bundle, believing nothing of it.
 *
 * @param bundle - the file
 * @param trust - if given, it is also said whether the bundle starts from its checkpoints
 */
export async function inspect(bundle: Bytes, trust?: Trust): Promise<BundleSummary> {
  const text = trust === undefined ? undefined : trustText(trust);
  const file = bytesOf(bundle, "the bundle", "options.bundle");
  return call((glue) => glue.inspect(file, text), "gathering");
}

/**
 * Makes the bundle for one transfer, a transaction or a range, from nodes that are not trusted, and judges it.
 *
 * @param subject - what is to be proven
 */
export async function prove(subject: Subject, options: ProveOptions): Promise<Proof> {
  return withAmounts((await gatherPair("prove", subjectOf(subject), options, 10_000n)) as Proof);
}

/**
 * Judges every transfer of a range, both ends included, and says whether these are all.
 *
 * @param range - the first and the last request nonce
 */
export async function audit(range: readonly [first: number | bigint, last: number | bigint], options: AuditOptions): Promise<Audit> {
  return withAmounts((await gatherPair("audit", { range: rangeOf(range) }, options, 0xffff_ffff_ffff_ffffn)) as Audit);
}

/** Follows a chain from your checkpoint to the node's head. */
export async function sync(options: SyncOptions): Promise<Synced> {
  const { trust, chain, endpoint, to, deep, mode, now } = optionsOf(options, "sync", "{ trust, chain, endpoint }");
  const text = trustText(trust);
  const named = nameOf(chain, "chain", "the chain's name in the trust file");
  if (endpoint === undefined && "endpoints" in options) throw errorOf("options.endpoints", "sync follows one chain: it takes `endpoint`, a node or a list of them, and got `endpoints`");
  const asked = { chain: named, to: countOf(to, "to"), deep, mode, now: timeOf(now), limits: limits(options) };
  const ask = toJson(asked, "options.json");
  return gather(options, [listOf(endpoint, "endpoint")], (glue, [nodes], progress) => glue.sync(text, ask, nodes, progress)) as Promise<Synced>;
}

/**
 * RLP of a header that a node gave as JSON, for {@link LightClient}. Nothing is believed of it: the client checks the header's
 * hash.
 *
 * @param header - what `kaia_getHeaderByNumber` or `kaia_getBlockByNumber` answered, as an object or as text
 * @param trust - its forks say which fields the header has at its height
 * @param chain - the chain's name in the trust
 */
export async function headerBytes(header: object | string, trust: Trust, chain: string): Promise<Uint8Array> {
  const [text, named] = [trustText(trust), nameOf(chain, "chain", "the chain's name in the trust file")];
  if (typeof header !== "string" && (typeof header !== "object" || header === null)) {
    throw errorOf("options.header", `the header must be what a node answers, an object or its JSON text; it is ${kindOf(header)}`);
  }
  const json = toJson(typeof header === "string" ? withoutMark(header) : header, "options.header");
  return (await call((glue) => glue.header_bytes(text, named, json), "gathering")) as Uint8Array;
}

/** Compiles what judges ahead of its first use. All else is loaded by the first call that needs it. */
export async function load(): Promise<void> {
  await compile("judging");
}

/** What nobody else has: JavaScript knows no private constructor. */
const MADE_HERE = Symbol();

/**
 * A light client of one chain that you feed with headers yourself. `JSON.stringify` stores it, {@link LightClient.restore}
 * brings it back; whoever can change the stored text decides what is trusted.
 */
export class LightClient {
  #told: Told;

  private constructor(told: Told, by: typeof MADE_HERE) {
    if (by !== MADE_HERE) throw errorOf("options.client", "a light client is made by LightClient.start or LightClient.restore");
    this.#told = told;
  }

  /**
   * Starts at the checkpoint of a chain of the trust.
   *
   * @param header - RLP of the checkpoint's header, from anybody: its hash is checked. {@link headerBytes} makes it of JSON.
   * @param when - the time to judge by, or options with `now`
   */
  static async start(trust: Trust, chain: string, header: Bytes, when?: When): Promise<LightClient> {
    const [text, time] = [trustText(trust), timeOf(when) ?? clock()];
    const [named, rlp] = [nameOf(chain, "chain", "the chain's name in the trust file"), bytesOf(header, "the header", "options.header")];
    return new LightClient(await call((glue) => glue.light_client_start(text, named, rlp, time), "gathering"), MADE_HERE);
  }

  /** Brings a stored client back. */
  static async restore(stored: string | StoredLightClient, when?: When): Promise<LightClient> {
    const found: unknown = typeof stored === "string" ? parse(stored, "state.json", "the stored light client") : stored;
    const { state } = (found ?? {}) as Partial<StoredLightClient>;
    if (typeof state !== "string") throw errorOf("state.json", "this is no stored light client; give what JSON.stringify(client) gave");
    const time = timeOf(when) ?? clock();
    return new LightClient(await call((glue) => glue.light_client_restore(state, time), "gathering"), MADE_HERE);
  }

  /**
   * Verifies headers that begin right after the head, given as RLP, and makes the last of them the head. Where it throws,
   * nothing has changed. One call at a time.
   *
   * @param when - the time to judge by, or options with `now` and `mode`
   * @param mode - whether every header's seals are checked, or those that carry weight; then the others must carry none
   */
  async advance(headers: readonly Bytes[], when?: When | AdvanceOptions, mode?: FollowMode): Promise<HeaderRef> {
    const time = timeOf(when) ?? clock();
    const asked = typeof when === "object" && "mode" in when ? when.mode : mode;
    if (!Array.isArray(headers)) throw errorOf("options.headers", `headers must be a list of RLP bytes; it is ${kindOf(headers)}`);
    const rlp = headers.map((header: Bytes, place) => bytesOf(header, `headers[${place}]`, "options.headers"));
    const { state } = this.#told;
    this.#told = await call((glue) => glue.light_client_advance(state, rlp, asked ?? "full", time), "gathering");
    return this.head;
  }

  /** The chain's name. */
  get chain(): string {
    return this.#told.chain;
  }

  /** The newest verified header. */
  get head(): HeaderRef {
    return this.#told.head;
  }

  /** Who may seal the next block. */
  get council(): readonly Address[] {
    return this.#told.council;
  }

  /** For `JSON.stringify`. */
  toJSON(): StoredLightClient {
    return { spanlight: "light-client", state: this.#told.state };
  }
}

/** What {@link LightClient.advance} takes beside headers. */
export interface AdvanceOptions {
  now?: Time;
  mode?: FollowMode;
}

/** A stored {@link LightClient}. */
export interface StoredLightClient {
  spanlight: "light-client";
  state: string;
}

interface Told {
  state: string;
  chain: string;
  head: HeaderRef;
  council: Address[];
}

type Callback = (stage: string, done: number, total: number | undefined) => void;

async function gatherPair(kind: "prove" | "audit", subject: unknown, options: ProveOptions, usual: bigint): Promise<unknown> {
  const given = optionsOf(options, kind, "{ trust, from, endpoints }");
  const { mode, headers } = given;
  const { beyond } = given as AuditOptions;
  const trust = trustText(given.trust);
  const [from, endpoints] = pair(given, trust);
  const scan = given.scan === null ? null : (countOf(given.scan, "scan") ?? usual);
  const [window, now] = [countOf(given.window, "window", 1n), timeOf(given.now)];
  const ask = toJson({ from, subject, now, mode, headers, window, scan, beyond, limits: limits(given) }, "options.json");
  return gather(given, endpoints, (glue, [source, destination], progress) => glue[kind](trust, ask, source, destination, progress));
}

const MOST_TRIES = 1000n;

function limits({ tries, batch, maxLag }: GatherOptions): unknown {
  return { tries: countOf(tries, "tries", 1n, MOST_TRIES), batch: countOf(batch, "batch", 1n, 0xffff_ffffn), max_lag: countOf(maxLag, "maxLag") };
}

type Endpoints = readonly Endpoint[];

/** The chain of the requests, and the endpoints of both: of the requests, of the executions. */
function pair({ from, endpoints }: ProveOptions, trust: string): [from: string, endpoints: [Endpoints, Endpoints]] {
  const named = nameOf(from, "from", "the name of the chain where the transfer is requested, as the trust file has it");
  const parsed = parse<{ bridge?: { ends?: { chain?: unknown }[] } } | null>(trust, "trust.json", "the trust file");
  const ends = parsed?.bridge?.ends;
  // What is wrong with a trust file is the core's to say; here only the names are looked up.
  const chains = Array.isArray(ends) ? ends.map((end) => String(end?.chain)) : [];
  const to = chains.find((chain) => chain !== named);
  if (to === undefined) throw errorOf("trust.no_bridge", "the trust file names no bridge between two chains");
  if (!chains.includes(named)) throw errorOf("options.from", `\`from\` is \`${named}\`, and the trust file's bridge is between ${chains.map((chain) => `\`${chain}\``).join(" and ")}`);
  if (typeof endpoints !== "object" || endpoints === null || Array.isArray(endpoints)) {
    const example = `{ ${JSON.stringify(named)}: …, ${JSON.stringify(to)}: … }`;
    throw errorOf("options.endpoints", `\`endpoints\` must name nodes of each chain: ${example}; it is ${kindOf(endpoints)}`);
  }
  const of = (chain: string): Endpoints => {
    if (!Object.hasOwn(endpoints, chain)) throw errorOf("options.endpoints", `\`endpoints\` has no node of chain \`${chain}\``);
    return listOf(endpoints[chain], `endpoints.${chain}`);
  };
  return [named, [of(named), of(to)]];
}

/** Longest time that a timer of JavaScript can wait; it would not wait at all for a longer one. */
const LONGEST = 0x7fff_ffffn;

async function gather<E extends Endpoints[]>(
  options: GatherOptions,
  endpoints: [...E],
  job: (glue: Glue, nodes: { [I in keyof E]: Node[] }, progress: Callback | undefined) => Promise<unknown>,
): Promise<unknown> {
  const signal = signalOf(options.signal);
  const onProgress = functionOf(options.onProgress, "onProgress");
  const timeout = Number(countOf(options.timeout, "timeout", 1n, LONGEST) ?? 15_000n);
  unlessAborted(signal);
  const ending = new Ending(signal);
  let last: unknown;
  const failed = (cause: unknown): void => void (last = cause);
  const opened = endpoints.map((list) => openAll(list, { ending, timeout, failed })) as { [I in keyof E]: Node[] };
  const progress: Callback | undefined = onProgress && ((stage, done, total) => onProgress({ stage, done, total }));
  // The module may be long in coming, and what brings it knows nothing of the signal.
  const unlessEnded = async <T>(load: () => Promise<T>): Promise<T> => {
    const loaded = await ending.race(load);
    unlessAborted(signal);
    return loaded as T;
  };
  try {
    return await call((glue) => job(glue, opened, progress), "gathering", unlessEnded);
  } catch (thrown) {
    unlessAborted(signal);
    if (thrown instanceof EndpointError && last !== undefined) thrown.cause = last;
    throw thrown;
  } finally {
    ending.close();
  }
}

// 256-bit numbers cross the border in decimal digits.
function withAmounts<R extends Report>(report: R): R {
  for (const { request, execution, claim } of report.transfers) {
    for (const part of [request, execution, claim]) {
      if (part === null) continue;
      part.amount = part.amount === null ? null : BigInt(part.amount);
      part.token_id = part.token_id === null ? null : BigInt(part.token_id);
    }
    if (request !== null) request.fee = BigInt(request.fee);
  }
  return report;
}

function parse<T>(text: string, code: string, what: string): T {
  try {
    return JSON.parse(withoutMark(text)) as T;
  } catch (cause) {
    throw errorOf(code, `${what} is not JSON: ${(cause as Error).message}`, cause);
  }
}

const SUBJECTS = ["nonce", "transaction", "range"];

/** What is to be proven, of which exactly one is named. */
function subjectOf(subject: Subject): unknown {
  const given: Record<string, unknown> = optionsOf(subject, "prove", "{ nonce: 7n }") as Record<string, unknown>;
  const named = Object.keys(given).filter((name) => given[name] !== undefined);
  const [name] = named;
  if (named.length !== 1 || name === undefined || !SUBJECTS.includes(name)) throw errorOf("options.subject", "name one of nonce, transaction and range");
  if (name === "nonce") return { nonce: countOf(given.nonce, "nonce") };
  if (name === "range") return { range: rangeOf(given.range) };
  if (typeof given.transaction === "string") return { transaction: given.transaction };
  throw errorOf("options.transaction", `\`transaction\` must be a hash, 0x and 64 hex digits; it is ${kindOf(given.transaction)}`);
}

function rangeOf(range: unknown): unknown[] {
  const whole = Array.isArray(range) && range.length === 2 && range.every((end) => end !== undefined);
  if (!whole) throw errorOf("options.range", `a range is [first, last], two nonces; it is ${kindOf(range)}`);
  return range.map((end) => countOf(end as bigint, "range"));
}

/** Unix seconds. What asks nodes reads the clock itself, whenever headers arrive. */
function clock(): bigint {
  return BigInt(Math.floor(Date.now() / 1000));
}
