import type { HeaderRef } from "spanlight/module";
export interface PathNode { hash: string; kind: string; nibbles: string }
export type Commitment =
  | { form: "trie"; transactions: PathNode[]; receipts: PathNode[] }
  | { form: "simple"; items: number; transactions: string[]; receipts: string[] }
  | { form: "concat"; items: number };
export interface Request { chain: string; block: HeaderRef; transaction: string; index: number; log: number; kind: string; from: string; to: string; token: string; registered_token: string; amount: string | null; token_id: string | null; fee: string; extra: string; token_uri: string | null; commitment: Commitment; sealed_by: bigint | null }
export interface Execution { chain: string; block: HeaderRef; transaction: string; index: number; log: number; sender: string | null; kind: string; from: string; to: string; token: string; amount: string | null; token_id: string | null; extra: string; request_transaction: string; vote_key: string | null; request_block: bigint | null; token_uri: string | null; commitment: Commitment; sealed_by: bigint | null }
export interface Operator { address: string; role: string; vote_key: string | null; transaction: { block: bigint; hash: string } | null }
export interface Difference { rule: string; field: string; requested: string; executed: string }
export interface Sealed { chain: string; block: HeaderRef; seals: { proposer: string; signers: string[]; absent: string[]; required: bigint; members: bigint; committee_checked: boolean } }
