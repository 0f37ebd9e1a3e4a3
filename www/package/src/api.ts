import { call, compile } from "./engine.js";
import { Ending, openAll, type Node } from "./endpoint.js";
import { errorOf, EndpointError } from "./errors.js";
import { toJson } from "./json.js";
import type { Glue } from "./glue.js";
import type {
  Address,
  Audit,
  AuditOptions,
  BundleSummary,
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
} from "./types.js";

/**
 * Judges a proof bundle by what you trust. Nothing else is asked: no node, no server.
 *
 * @param bundle - the file, in its binary form
 * @param trust - your trust file
 * @param now - the time to judge by; the clock of this machine if left out
 * @throws {@link InputError} or {@link TrustError} where one of them cannot be read. What is wrong with the evidence is a
 * verdict.
 */
export async function verify(bundle: Uint8Array, trust: Trust, now: Time = new Date()): Promise<Report> {
  const [text, time] = [toJson(trust, "trust.json"), seconds(now)];
  const file = bytes(bundle);
  return withAmounts(await call((glue) => glue.verify(file, text, time)));
}

/**
 * Says what is in a bundle, believing nothing of it.
 *
 * @param bundle - the file
 * @param trust - if given, it is also said whether the bundle starts from its checkpoints
 */
export async function inspect(bundle: Uint8Array, trust?: Trust): Promise<BundleSummary> {
  const text = trust === undefined ? undefined : toJson(trust, "trust.json");
  const file = bytes(bundle);
  return call((glue) => glue.inspect(file, text));
}

/**
 * Makes the bundle for one transfer, a transaction or a range, from nodes that are not trusted, and judges it.
 *
 * @param subject - what is to be proven
 */
export async function prove(subject: Subject, options: ProveOptions): Promise<Proof> {
  return withAmounts((await gatherPair("prove", tagged(subject), options, 10_000n)) as Proof);
}

/**
 * Judges every transfer of a range, both ends included, and says whether these are all.
 *
 * @param range - the first and the last request nonce
 */
export async function audit(range: readonly [first: number | bigint, last: number | bigint], options: AuditOptions): Promise<Audit> {
  return withAmounts((await gatherPair("audit", { range }, options, 0xffff_ffff_ffff_ffffn)) as Audit);
}

/** Follows a chain from your checkpoint to the node's head. */
export async function sync(options: SyncOptions): Promise<Synced> {
  const { chain, to, deep, mode } = options;
  const ask = toJson({ chain, to, deep, mode, now: given(options.now), limits: limits(options) }, "options.json");
  const trust = toJson(options.trust, "trust.json");
  return gather(options, [options.endpoint], (glue, [nodes], progress) => glue.sync(trust, ask, nodes, progress)) as Promise<Synced>;
}

/** Compiles what judges ahead of its first use. What gathers from nodes is loaded by the first call that asks them. */
export async function load(): Promise<void> {
  await compile("judging");
}

/**
 * A light client of one chain that you feed with headers yourself. `JSON.stringify` stores it, {@link LightClient.restore}
 * brings it back; whoever can change the stored text decides what is trusted.
 */
export class LightClient {
  #told: Told;

  private constructor(told: Told) {
    this.#told = told;
  }

  /**
   * Starts at the checkpoint of a chain of the trust.
   *
   * @param header - RLP of the checkpoint's header, from anybody: its hash is checked
   */
  static async start(trust: Trust, chain: string, header: Uint8Array, now: Time = new Date()): Promise<LightClient> {
    const [text, time] = [toJson(trust, "trust.json"), seconds(now)];
    return new LightClient(await call((glue) => glue.light_client_start(text, chain, header, time)));
  }

  /** Brings a stored client back. */
  static async restore(stored: string | StoredLightClient, now: Time = new Date()): Promise<LightClient> {
    const state = typeof stored === "string" ? parse<StoredLightClient>(stored, "state.json").state : stored.state;
    const time = seconds(now);
    return new LightClient(await call((glue) => glue.light_client_restore(state, time)));
  }

  /**
   * Verifies headers that begin right after the head, given as RLP, and makes the last of them the head. Where it throws,
   * nothing has changed. One call at a time.
   *
   * @param mode - whether every header's seals are checked, or those that carry weight; then the others must carry none
   */
  async advance(headers: readonly Uint8Array[], now: Time = new Date(), mode: FollowMode = "full"): Promise<HeaderRef> {
    const time = seconds(now);
    const { state } = this.#told;
    this.#told = await call((glue) => glue.light_client_advance(state, [...headers], mode, time));
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

async function gatherPair(kind: "prove" | "audit", subject: unknown, options: ProveOptions, scan: bigint): Promise<unknown> {
  const { from, mode, headers, window } = options;
  const { beyond } = options as AuditOptions;
  const asked = options.scan === undefined ? scan : options.scan;
  const now = given(options.now);
  const ask = toJson({ from, subject, now, mode, headers, window, scan: asked, beyond, limits: limits(options) }, "options.json");
  const trust = toJson(options.trust, "trust.json");
  const endpoints = pair(options, trust);
  return gather(options, endpoints, (glue, [source, destination], progress) => glue[kind](trust, ask, source, destination, progress));
}

function limits({ tries, batch, maxLag }: GatherOptions): unknown {
  return { tries, batch, max_lag: maxLag };
}

type Endpoints = Endpoint | readonly Endpoint[];

/** The endpoints of the requests and of the executions. */
function pair({ from, endpoints }: ProveOptions, trust: string): [Endpoints, Endpoints] {
  const ends = parse<{ bridge?: { ends?: { chain: string }[] } }>(trust, "trust.json").bridge?.ends ?? [];
  const to = ends.map((end) => end.chain).find((chain) => chain !== from);
  const missing = (chain: string | undefined): never => {
    throw errorOf("options.endpoints", `no endpoint for chain ${chain ?? "at the other end of the bridge"}`);
  };
  return [endpoints[from] ?? missing(from), (to === undefined ? undefined : endpoints[to]) ?? missing(to)];
}

async function gather<E extends Endpoints[]>(
  options: GatherOptions,
  endpoints: [...E],
  job: (glue: Glue, nodes: { [I in keyof E]: Node[] }, progress: Callback | undefined) => Promise<unknown>,
): Promise<unknown> {
  const { signal, onProgress, timeout = 15_000 } = options;
  signal?.throwIfAborted();
  const ending = new Ending(signal);
  let last: unknown;
  const failed = (cause: unknown): void => void (last = cause);
  const opened = endpoints.map((list) => openAll(list, { ending, timeout, failed })) as { [I in keyof E]: Node[] };
  const progress: Callback | undefined = onProgress && ((stage, done, total) => onProgress({ stage, done, total }));
  // The module may be long in coming, and what brings it knows nothing of the signal.
  const unlessEnded = async <T>(load: () => Promise<T>): Promise<T> => {
    const loaded = await ending.race(load);
    signal?.throwIfAborted();
    return loaded as T;
  };
  try {
    return await call((glue) => job(glue, opened, progress), "gathering", unlessEnded);
  } catch (thrown) {
    signal?.throwIfAborted();
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

function parse<T>(text: string, code: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw errorOf(code, "not JSON", cause);
  }
}

function tagged(subject: Subject): Subject {
  const names = Object.keys(subject);
  if (names.length === 1) return subject;
  throw errorOf("options.subject", "name one of nonce, transaction and range");
}

// A path or a Buffer's text would otherwise be taken for bytes.
function bytes(bundle: Uint8Array): Uint8Array {
  if (ArrayBuffer.isView(bundle)) return bundle;
  throw errorOf("options.bundle", "the bundle must be bytes, a Uint8Array");
}

// Left out, the module reads the clock whenever headers arrive: a time of the call's start would be behind what it follows.
const given = (time: Time | undefined): bigint | undefined => (time === undefined ? undefined : seconds(time));

// The module takes 64 bits, and what is larger would come out there as some other time.
function seconds(time: Time): bigint {
  const value = time instanceof Date ? time.getTime() / 1000 : time;
  if (typeof value === "bigint" || Number.isFinite(value)) {
    const whole = typeof value === "bigint" ? value : BigInt(Math.floor(value));
    if (whole >= 0n && whole < 1n << 64n) return whole;
  }
  throw errorOf("options.now", "the time is no unix time");
}
