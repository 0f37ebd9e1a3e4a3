// In a page with a wallet: the wallet's node is asked about the chain that it is on, another node about the other chain.
// Both are checked. `provider` is `window.ethereum`, as viem or ethers types it.
import type { Eip1193Provider } from "ethers";
import type { EIP1193Provider } from "viem";
import { prove, type Trust } from "spanlight";

/** Whether the transfer that a transaction on `from` requests has arrived on `to`. */
export async function arrived(provider: EIP1193Provider | Eip1193Provider, from: string, to: string, node: string, transaction: string, trust: Trust): Promise<boolean> {
  const { transfers } = await prove({ transaction }, { trust, from, endpoints: { [from]: provider, [to]: node } });
  return transfers.length > 0 && transfers.every(({ verdict, state }) => verdict === "proven" && state === "handled");
}
