// A first question to an endpoint, so that a wrong address is found before a proof is asked for. Nothing is believed of it.
import type { TrustedChain } from "./trust.ts";

const PATIENCE = 8_000;
const MOST = 64 * 1024;

/** What the endpoint says of itself. */
export interface Greeting {
  id: string;
  block: string;
  /** Whether the chain id is the trusted one. */
  right: boolean;
}

/** Asks chain id and height; throws with a code of the family `rpc`. */
export async function tryEndpoint(address: string, chain: TrustedChain): Promise<Greeting> {
  const [id, block] = await Promise.all([quantity(address, "kaia_chainID"), quantity(address, "kaia_blockNumber")]);
  return { id, block, right: id === chain.chainId };
}

async function quantity(address: string, method: string): Promise<string> {
  const answer = await post(address, JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: [] }));
  const { result, error } = answer as { result?: unknown; error?: { message?: unknown } };
  if (error !== undefined && error !== null) throw failure("rpc.node", String(error.message ?? ""));
  if (typeof result !== "string" || !/^0x[0-9a-f]{1,16}$/i.test(result)) throw failure("rpc.answer", method);
  return BigInt(result).toString();
}

async function post(address: string, body: string): Promise<unknown> {
  let text: string;
  try {
    const response = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body, signal: AbortSignal.timeout(PATIENCE) });
    text = await response.text();
    if (!response.ok && !/^\s*\{/.test(text)) throw failure("rpc.http_status", `HTTP status ${response.status}`);
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "rpc.http_status") throw thrown;
    const name = (thrown as { name?: string }).name;
    throw failure(name === "TimeoutError" || name === "AbortError" ? "rpc.timeout" : "rpc.unreachable", String(thrown));
  }
  if (text.length > MOST) throw failure("rpc.answer_too_large", `${text.length} bytes`);
  try {
    return JSON.parse(text);
  } catch {
    throw failure("rpc.answer", "no JSON");
  }
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
