// A first question to an endpoint, so that a wrong address is found before a proof is asked for. Nothing is believed of it.
import { readText, TooLarge } from "spanlight/worker-parts";
import type { TrustedChain } from "./trust.ts";

const PATIENCE = 8_000;
const QUICK = 3_000;
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
    // A redirect would take the question to an address that nobody set.
    const response = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body, redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
    text = await readText(response, MOST);
    if (!response.ok && !/^\s*\{/.test(text)) throw failure(response.status === 429 ? "rpc.rate_limit" : "rpc.http_status", `HTTP status ${response.status}`);
  } catch (thrown) {
    const { code, name } = thrown as { code?: unknown; name?: string };
    if (typeof code === "string") throw thrown;
    if (thrown instanceof TooLarge) throw failure("rpc.answer_too_large", thrown.message);
    throw failure(name === "TimeoutError" || name === "AbortError" ? "rpc.timeout" : await unreachable(address), String(thrown));
  }
  try {
    return JSON.parse(text);
  } catch {
    throw failure("rpc.answer", "no JSON");
  }
}

const LOCAL = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Why a browser could not ask: it tells the page nothing, so one more request asks without reading the answer. */
async function unreachable(address: string): Promise<string> {
  const { protocol, hostname } = new URL(address);
  if (location.protocol === "https:" && protocol === "http:" && !LOCAL.test(hostname)) return "rpc.mixed_content";
  try {
    // `redirect: "error"` is refused by browsers together with this mode.
    await fetch(address, { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(QUICK) });
    return "rpc.cors";
  } catch {
    return "rpc.unreachable";
  }
}

/** Which of the endpoints fails, and how; `null` where all of them answer by now. */
export async function findFailing(addresses: Readonly<Record<string, string>>): Promise<{ chain: string; code: string } | null> {
  const asked = Object.entries(addresses).map(async ([chain, address]) => {
    const answered = quantity(address, "kaia_blockNumber").then(() => null, (thrown: { code?: string }) => ({ chain, code: thrown.code ?? "rpc.transport" }));
    const late = new Promise<{ chain: string; code: string }>((resolve) => setTimeout(() => resolve({ chain, code: "rpc.timeout" }), QUICK));
    return Promise.race([answered, late]);
  });
  return (await Promise.all(asked)).find((failing) => failing !== null) ?? null;
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
