/** One WebAssembly instance behind its glue. The build writes it from what wasm-bindgen makes. */
export interface Glue {
  /** Adds the part that does all else: only `verify` goes without it. */
  add(gathering: WebAssembly.Module): Promise<void>;
  verify(bundle: Uint8Array, trust: string, now: bigint): unknown;
  inspect(bundle: Uint8Array, trust: string | undefined): unknown;
  prove(trust: string, ask: string, source: unknown[], destination: unknown[], progress: unknown): Promise<unknown>;
  audit(trust: string, ask: string, source: unknown[], destination: unknown[], progress: unknown): Promise<unknown>;
  sync(trust: string, ask: string, endpoints: unknown[], progress: unknown): Promise<unknown>;
  header_bytes(trust: string, chain: string, header: string): unknown;
  light_client_start(trust: string, chain: string, header: Uint8Array, now: bigint): unknown;
  light_client_restore(state: string, now: bigint): unknown;
  light_client_advance(state: string, headers: Uint8Array[], mode: string, now: bigint): unknown;
  panic_for_tests(): void;
}

/** A new instance. `crashed` is told where it ends outside of any call, in a continuation. */
export function glue(judging: WebAssembly.Module, crashed: (cause: unknown) => void): Promise<Glue>;
