/** `0x` and 64 hex digits. */
export type Hash = `0x${string}`;
/** `0x` and 40 hex digits, lower case. */
export type Address = `0x${string}`;

/** Bytes in any form that JavaScript has for them. */
export type Bytes = ArrayBufferLike | ArrayBufferView;

/**
 * A trust file: what you believe. Its schema is docs/trust.md of the project; `spanlight profile` writes the parts of a chain.
 *
 * Given as the file's content in JSON or TOML, text or bytes, or as the parsed object. In an object, a number beyond 2^53 must
 * be a `bigint`.
 */
export type Trust = string | Bytes | TrustObject;

/** A parsed trust file. Only the parts that a program is likely to touch are typed. */
export interface TrustObject {
  version: 1;
  chains: TrustedChain[];
  bridge?: { ends: [BridgeEnd, BridgeEnd] };
  anchoring?: { parent: string; child: string; accounts: string[] };
}

/** What is believed of one chain. */
export interface TrustedChain {
  /** Seconds for which a verified header may be built upon. */
  trusting_period: number | bigint;
  /** Seconds by which a block may be ahead of this machine's clock; 15 if left out. */
  clock_tolerance?: number | bigint;
  /** Seconds after which a head is too old for verdicts about now. */
  max_age: number | bigint;
  /** Seconds after which a transfer without enough votes counts as stuck. */
  patience: number | bigint;
  allow_jump?: boolean;
  /** Whose votes on the chain are followed: `anybody` (with a warning, if it is not the governing node) or `governing_node`. */
  votes?: "anybody" | "governing_node";
  profile: { name: string; chain_id: number | bigint; [more: string]: unknown };
  checkpoint: Checkpoint;
}

/** A block to start from, and what holds for the block after it. */
export interface Checkpoint {
  number: number | bigint;
  hash: string;
  council: string[];
  [more: string]: unknown;
}

/** One bridge contract. */
export interface BridgeEnd {
  chain: string;
  address: string;
  mint_burn: boolean;
  sends?: boolean;
  codes: { hash: string; generation: string }[];
}

/** Unix seconds, or a `Date`. */
export type Time = number | bigint | Date;

/** The time to judge by, by itself or as an option. */
export type When = Time | { now?: Time };

/** What Spanlight says of a claim. Only `proven` says yes. */
export type VerdictName = "proven" | "not_yet_trusted" | "incomplete" | "unsupported" | "invalid";

/** The state of a transfer. */
export type StateName = "requested" | "voting" | "handled" | "stuck" | "fraud" | "attempted" | "unrequested";

/** A block header to which a verdict refers. */
export interface HeaderRef {
  number: bigint;
  hash: Hash;
  /** Unix seconds. */
  time: bigint;
}

/** The heights as of which a verdict holds. */
export interface AsOf {
  source: HeaderRef | null;
  destination: HeaderRef | null;
}

/** One rule that was checked. */
export interface Check {
  /** For example `M5`. */
  id: string;
  /** The rule in words. */
  rule: string;
  /** Where the rule stands: document, section and label in docs/spec, for example `bridge.md 6.4 P3`. */
  source: string;
  /** Names and values that it was checked on. */
  inputs: [name: string, value: string][];
  outcome: "passed" | "failed";
}

/** What is transferred. */
export type Kind = "coin" | "erc20" | "erc721";

/** Where an event stands in its chain. */
export interface Place {
  chain: string;
  block: HeaderRef;
  transaction: Hash;
  /** Place of the transaction in the block. */
  index: number;
  /** Place of the log in the transaction's receipt. */
  log: number;
  /** The path from the header's roots to the transaction and its receipt. */
  commitment: CommitmentPath;
  /** Number of the header in {@link Report.seals} that makes the block final; `null` for a checkpoint, which is trusted. */
  sealed_by: bigint | null;
}

/** What moves. */
export interface Moved {
  kind: Kind;
  from: Address;
  to: Address;
  /** The token on the event's own chain; zero for coin. */
  token: Address;
  /** In the token's smallest unit, net of the fee; `null` for ERC-721. */
  amount: bigint | null;
  /** `null` but for ERC-721. */
  token_id: bigint | null;
  /** Bytes for the recipient, as `0x` text. */
  extra: string;
}

/** A request, proven on the source chain. */
export interface Request extends Place, Moved {
  /** The token of the destination chain that the source registers for this one; zero for coin. */
  registered_token: Address;
  /** What the bridge took beside the amount. */
  fee: bigint;
  /** `null` but for ERC-721. */
  token_uri: string | null;
}

/** An execution, proven on the destination chain. */
export interface Execution extends Place, Moved {
  /** Who sent the executing transaction; `null` where its signature cannot be read. */
  sender: Address | null;
  /** The request's transaction, as the bridge was told. */
  request_transaction: Hash;
  /** Hash of the calldata that operators voted for; `null` where it is not proven. */
  vote_key: Hash | null;
  /** The request's block, as that calldata says. */
  request_block: bigint | null;
  /** The token's URI in that calldata; `null` but for ERC-721. */
  token_uri: string | null;
}

/** How an execution differs from its request in one field. Values are texts, numbers in decimal digits. */
export interface Difference {
  /** `M1` to `M11`. */
  rule: string;
  /** The field by its name in {@link Execution}, or `nonce`. */
  field: string;
  /** What the request says; for M11, what the voted calldata says. */
  requested: string;
  executed: string;
}

/**
 * What an operator's vote was for: `voted` for the executed key (where nothing is executed, for what was requested; where
 * nothing was requested, for anything), `dissented` for another, `none` without a live vote, `ex_operator` where it was no
 * operator when the vote would have counted, `reverted` where its attempt to cast the deciding vote failed.
 */
export type Role = "voted" | "dissented" | "none" | "ex_operator" | "reverted";

/** What one operator did. */
export interface Operator {
  address: Address;
  role: Role;
  /** Key of its live vote. */
  vote_key: Hash | null;
  /** Its vote, or its attempt that reverted, where that transaction is proven. */
  transaction: { block: bigint; hash: Hash } | null;
}

/** How a header's two roots commit to one transaction and its receipt. */
export type CommitmentPath =
  | { form: "trie"; transactions: PathNode[]; receipts: PathNode[] }
  | { form: "simple"; items: number; transactions: Hash[]; receipts: Hash[] }
  | { form: "concat"; items: number };

/** One trie node on the way from a root to an item. */
export interface PathNode {
  /** `null` where it is embedded in the node before. */
  hash: Hash | null;
  kind: "branch" | "extension" | "leaf";
  /** The hex digits of the key that it uses up. */
  nibbles: string;
}

/** A header whose seals were checked: it and every earlier block that it is linked to are final. */
export interface Sealed {
  chain: string;
  block: HeaderRef;
  seals: {
    proposer: Address;
    signers: Address[];
    /** Council members of whom no seal is shown here. Not a fault: a quorum is enough. */
    absent: Address[];
    /** Seals that are needed. */
    required: bigint;
    /** Members over which that quorum is counted. */
    members: bigint;
    /** Whether it was checked that the signers sit in a committee that the chain could have drawn. */
    committee_checked: boolean;
  };
}

/** What an execution could not deliver, kept by the bridge for its recipient. */
export interface Claim {
  recipient: Address;
  kind: Kind;
  /** The token on the destination chain; zero for coin. */
  token: Address;
  /** `null` for ERC-721. */
  amount: bigint | null;
  /** `null` but for ERC-721. */
  token_id: bigint | null;
  /** Whether the recipient has claimed it, as of `as_of`. */
  claimed: boolean;
  as_of: HeaderRef;
}

/** The verdict on one transfer. The names are those of `spanlight verify --json`. */
export interface TransferVerdict {
  /** Source chain. */
  from: string;
  /** Destination chain. */
  to: string;
  source_bridge: Address;
  destination_bridge: Address;
  /** Request nonce. */
  nonce: bigint;
  verdict: VerdictName;
  /** Where the verdict is `proven`. */
  state: StateName | null;
  /** Why it is stuck (`bridge_paused`, `outflow_limit`, `delivery_reverted`, ...), or how it is fraud. */
  reason: string | null;
  /** The stable code of what stands in the way; `null` where something is proven. */
  code: string | null;
  /** What is not covered, and where; `null` for every other verdict. */
  unsupported: { code: string; chain: string | null; number: bigint | null } | null;
  /** One sentence on what stands in the way or what is special. */
  detail: string | null;
  /** Operators who voted for something that was not requested. */
  culprits: Address[];
  /** Operators with a live vote for another key than the one requested or executed. */
  dissenters: Address[];
  votes: number | null;
  threshold: number | null;
  /** Codes of what a careful reader should know. */
  notes: string[];
  /** The first vote of each chain behind the notes `vote_by_other` and `vote_by_member`; left out where there is none. */
  warned_votes?: WarnedVote[];
  /** `null` where no request is proven. */
  request: Request | null;
  /** `null` where no execution is proven. */
  execution: Execution | null;
  /** Every difference, where the state is `fraud` for the reason `differs`. */
  differences: Difference[];
  /** What could not be delivered, where a `handled` transfer carries the note `claimable`. */
  claim: Claim | null;
  /** Everyone that the proof shows, ascending by address; `null` where votes are not proven. */
  operators: Operator[] | null;
  /** The later header from whose state the votes were read, with the note `votes_from_later_state`. */
  votes_as_of: HeaderRef | null;
  as_of: AsOf;
  checks: Check[];
}

/** A vote that a chain followed although no governing node cast it: by one of them a validator can replace all others. */
export interface WarnedVote {
  chain: string;
  /** In mode "single" `vote_by_other`, in mode "none" `vote_by_member`. */
  code: "vote_by_other" | "vote_by_member";
  /** Block of the vote. */
  number: bigint;
  voter: Address;
  /** What it is about, for example `governance.addvalidator`. */
  key: string;
}

/** What came of a claim beside the transfers, where it is not proven. */
export interface Refused {
  verdict: Exclude<VerdictName, "proven">;
  code: string | null;
  detail: string | null;
}

/** Whether the transfers shown are all of a range. */
export interface Completeness {
  verdict: "proven";
  first: bigint;
  last: bigint;
  /** The source bridge's count of requests. */
  request_nonce: bigint;
  /** Whether the range holds every request of the source, and all of it is proven. */
  complete: boolean;
  /** Whether the whole range is proven; requests outside it were not judged. */
  complete_in_range: boolean;
  /** Codes of what speaks against it. */
  against: string[];
  as_of: AsOf;
}

/** Two sealed blocks of one height. */
export interface Equivocation {
  verdict: "proven";
  number: bigint;
  hashes: [Hash, Hash];
  both: Address[];
  first_only: Address[];
  second_only: Address[];
  /** Votes before it that no governing node cast; left out where there is none. */
  warned_votes?: Omit<WarnedVote, "chain">[];
}

/** A child block that an account committed to in the parent chain: a time bound, not finality. */
export interface Anchored {
  verdict: "proven";
  child: HeaderRef;
  parent: HeaderRef;
  transaction: Hash;
  account: Address;
  /** Codes of what a careful reader should know. */
  notes: string[];
  /** Votes on both chains that no governing node cast; left out where there is none. */
  warned_votes?: WarnedVote[];
}

/** The verdicts on everything that a bundle claims. */
export interface Report {
  transfers: TransferVerdict[];
  equivocations: (Equivocation | Refused)[];
  /** Whether the transfers are all that were ever requested; `null` where nobody claims it. */
  complete: boolean | null;
  /** Whether they are all of the claimed range; `null` where nobody claims it. */
  complete_in_range: boolean | null;
  completeness?: Completeness | Refused;
  anchored?: Anchored | Refused;
  /** How the chains were followed and who sealed their heads. */
  chains: Check[];
  /** The seals of both heads, and those that make each request, each execution and each `as_of` final. */
  seals: Sealed[];
  /** Votes on both chains that no governing node cast; left out where there is none. */
  warned_votes?: WarnedVote[];
}

/** What was found of an endpoint that was asked. */
export interface EndpointNote {
  chain: string;
  /**
   * `endpoint.aside` (not used any more), `endpoint.refused` (a call answered with an error), `endpoint.passed_over` (what it
   * gave leaves something unproven), `endpoint.disagreement` (two say different things of one block), `endpoint.behind`,
   * `endpoint.all_say` (all show the same that is refused, and none is put aside for it). `chain.stands_still`: by all endpoints
   * the chain makes no block. `clock.behind` is about this machine: its clock is behind the chain's sealed blocks, and the newest
   * of them were left out.
   */
  code: string;
  /** One name, or two that disagree: an address without path and query, or `provider`. */
  endpoints: string[];
  /** The method that was refused. */
  method: string | null;
  /** The block that two disagree on, or the newest of one that is behind. */
  height: bigint | null;
  /** The header's field that two disagree on. */
  field: string | null;
  /** What each of them says. */
  values: [string, string] | null;
  /** The code of why it was put aside, or of what it answered. */
  reason: string | null;
  /** By how many seconds this machine's clock is behind, at least; `null` for every other note. */
  seconds: bigint | null;
  /** Time of the newest block of a chain that stands still, unix seconds; `null` for every other note. */
  since: bigint | null;
  /** One sentence. */
  detail: string;
}

/** A report, and the bundle that lets anybody else come to it. */
export interface Proof extends Report {
  bundle: Uint8Array;
  /** What was found of the endpoints. */
  notes: EndpointNote[];
  /** Nonces of which an endpoint refused evidence; their verdicts are `incomplete`. */
  unavailable: { nonce: bigint; code: string; detail: string }[];
}

/** What an audit found. */
export interface Audit extends Proof {
  /** Whether votes for what nobody requested were looked for in every block: they leave no event. */
  vote_scan: "full" | "none";
  /** Nonces outside the range that got votes although the source has not counted so far. */
  beyond: bigint[];
}

/** What a bundle says about itself. Nothing here is verified. */
export interface BundleSummary {
  verified: false;
  chains: ChainSummary[];
  claim: ClaimSummary;
}

/** What is claimed: transfers and whether they are all, two sealed blocks, or an anchored block. */
export type ClaimSummary =
  | { transfers: bigint[]; complete: [first: bigint, last: bigint] | null }
  | { equivocation: true }
  | { anchored: bigint };

/** What one chain's part of a bundle holds. */
export interface ChainSummary {
  chain: string;
  mode: FollowMode;
  headers: RunSummary;
  /** Hash of the first header. */
  start: Hash | null;
  /** How the start relates to your trust, if you gave one. */
  start_is: string | null;
  jumps: RunSummary[];
  blocks: { number: bigint; form: "trie" | "simple" | "concat"; items: number; bytes: number }[];
  states: { number: bigint; slots: number; nodes: number; bytes: number }[];
}

/** A run of headers. */
export interface RunSummary {
  first: bigint | null;
  last: bigint | null;
  count: number;
  bytes: number;
}

/** Which headers' seals are checked: all, or those that carry weight. */
export type FollowMode = "full" | "sparse";

/** A node, by its address or by an object that can ask it, for example a wallet's, viem's or ethers' provider. */
export type Endpoint = string | URL | RequestProvider | SendProvider;

/**
 * An object with the `request` method of EIP-1193. Libraries type its argument by the methods that they know, each in another
 * way; it is called with `{ method, params }`, `params` a list.
 */
export interface RequestProvider {
  request(call: any): Promise<any>;
}

/** An object with the `send` method of ethers' `JsonRpcProvider`. */
export interface SendProvider {
  send(method: string, params: any[]): Promise<any>;
}

/** Told how far a long call is. */
export interface ProgressEvent {
  /** `headers`, `transfers`, `blocks` … */
  stage: string;
  done: number;
  /** Where it is known. */
  total: number | undefined;
}

/** What `prove`, `audit` and `sync` take beside their subject. */
export interface GatherOptions {
  /** By which to judge; the clock of this machine if left out. */
  now?: Time;
  /** Which headers' seals are checked; `full` if left out. */
  mode?: FollowMode;
  onProgress?: (event: ProgressEvent) => void;
  /** Stops the call, which then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds for one request to an endpoint given by address; 15,000 if left out. */
  timeout?: number;
  /** How often a request to an address is made where no answer comes, with growing pauses; 4 if left out. */
  tries?: number;
  /** Calls in one request to an address; 64 if left out, 1 for nodes that refuse batches. */
  batch?: number;
  /** Blocks by which an endpoint may be behind another before that one is preferred; 30 if left out. */
  maxLag?: number | bigint;
}

/** What `prove` and `audit` take. */
export interface ProveOptions extends GatherOptions {
  trust: Trust;
  /** The chain of the requests, by its name in the trust. */
  from: string;
  /**
   * Nodes of each of the two chains, by the chain's name in the trust; of several the first is preferred. Not trusted: another
   * one is asked where one does not answer, lacks something or lies.
   */
  endpoints: Readonly<Record<string, Endpoint | readonly Endpoint[]>>;
  /** Which headers the bundle carries; `sparse` if left out. */
  headers?: "sparse" | "full" | "jump";
  /** How many blocks below the head are read for votes, which leave no event; `null` for none. */
  scan?: number | bigint | null;
  /** Blocks in one log query; 1000 if left out. */
  window?: number | bigint;
}

/** What `audit` takes. */
export interface AuditOptions extends ProveOptions {
  /** Judge also the nonces outside the range that got votes without a request. */
  beyond?: boolean;
}

/** What is to be proven: one nonce, what a transaction of either chain requests or executes, or a range. */
export type Subject =
  | { nonce: number | bigint }
  | { transaction: string }
  | { range: readonly [first: number | bigint, last: number | bigint] };

/** What `sync` takes. */
export interface SyncOptions extends GatherOptions {
  trust: Trust;
  /** The chain's name in the trust. */
  chain: string;
  /** One node, or several in order of preference. */
  endpoint: Endpoint | readonly Endpoint[];
  /** Follow up to this height; the node's head if left out. */
  to?: number | bigint;
  /** Recompute the transactions and receipts roots of every block too. */
  deep?: boolean;
}

/** A followed chain. */
export interface Synced {
  head: HeaderRef;
  /** Who may seal the next block. */
  council: Address[];
  /** Put it into your trust to start from here the next time. */
  checkpoint: Checkpoint;
  headers_checked: bigint;
  seals_checked: bigint;
  roots_recomputed: bigint;
  /** What was found of the endpoints. */
  notes: EndpointNote[];
}
