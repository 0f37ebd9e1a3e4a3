// Users who request and operators who vote, as plain scripts would do it with ethers: one transfer of every kind in each direction.

import { AbiCoder, Contract, Interface, JsonRpcProvider, Wallet, dataSlice, getBytes, toUtf8String } from "ethers";
import { abi as erc20Abi, bridgeAbi } from "./token.mjs";

// A deciding vote of version 2 needs a million of gas left for the delivery.
const GAS = 3_000_000n;
const events = new Interface(bridgeAbi);
const erc721Abi = ["function requestValueTransfer(uint256 id, address to, bytes extra)"];

/** Three transfers each way, executed. Gives the request nonces of a direction, and the time of the newer head. */
export async function transferEveryKindBothWays(devnet, keyOf) {
  const sides = { main: side(devnet, keyOf, "main"), service: side(devnet, keyOf, "service") };
  const user = sides.main.user.address;
  try {
    await deliver(devnet, sides, "main", (at) => at.bridge.requestKLAYTransfer(user, 7n * 10n ** 18n, "0x", at.fees(7n * 10n ** 18n)));
    await deliver(devnet, sides, "main", (at) => at.erc20.requestValueTransfer(1000n, user, 0n, "0xabcd", at.fees()));
    await deliver(devnet, sides, "main", (at) => at.erc721.requestValueTransfer(1n, user, "0x", at.fees()));
    await deliver(devnet, sides, "service", (at) => at.bridge.requestKLAYTransfer(user, 3n, "0x", at.fees(3n)));
    await deliver(devnet, sides, "service", (at) => at.erc20.requestValueTransfer(400n, user, 0n, "0x", at.fees()));
    await deliver(devnet, sides, "service", (at) => at.erc721.requestValueTransfer(1n, user, "0x", at.fees()));
    const heads = await Promise.all(Object.values(sides).map(({ provider }) => provider.getBlock("latest")));
    return { nonces: [0, 2], time: Math.max(...heads.map(({ timestamp }) => timestamp)) };
  } finally {
    for (const { provider } of Object.values(sides)) provider.destroy();
  }
}

/** One chain, with its user and its operators. */
function side(devnet, keyOf, name) {
  const chain = devnet[name];
  const provider = new JsonRpcProvider(chain.http, chain.chainId, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 20 });
  const user = new Wallet(keyOf("user 1"), provider);
  const operators = Array.from({ length: devnet.threshold }, (_, index) => {
    const wallet = new Wallet(keyOf(`operator ${index + 1} on ${name}`), provider);
    return new Contract(chain.bridge, bridgeAbi, wallet);
  });
  const at = {
    provider,
    user,
    operators,
    bridge: new Contract(chain.bridge, bridgeAbi, user),
    erc20: new Contract(chain.erc20, erc20Abi, user),
    erc721: new Contract(chain.erc721, erc721Abi, user),
    price: 0n,
    fees: (value = 0n) => ({ type: 0, gasPrice: at.price, gasLimit: GAS, value }),
  };
  return at;
}

async function deliver(devnet, sides, from, request) {
  const to = from === "main" ? "service" : "main";
  for (const at of Object.values(sides)) at.price = BigInt(await at.provider.send("eth_gasPrice", []));
  const receipt = await (await request(sides[from])).wait();
  const bridge = devnet[from].bridge.toLowerCase();
  const logs = receipt.logs.filter(({ address }) => address.toLowerCase() === bridge).map((log) => events.parseLog(log));
  const event = logs.find((log) => log?.name.startsWith("RequestValueTransfer"));
  for (const operator of sides[to].operators) {
    const sent = await vote(operator, devnet[to], event.args, receipt, sides[to].fees());
    if ((await sent.wait()).status !== 1) throw new Error(`a vote for nonce ${event.args.requestNonce} failed`);
  }
}

/** What an operator calls for a request that it saw in `receipt`. */
function vote(operator, chain, args, receipt, fees) {
  const [kind, amount, nonce, extra] = [args.tokenType, args.valueOrTokenId, args.requestNonce, args.extraData];
  const ends = [receipt.hash, args.from, args.to];
  const block = BigInt(receipt.blockNumber);
  if (kind === 0n) return operator.handleKLAYTransfer(...ends, amount, nonce, block, extra, fees);
  if (kind === 1n) return operator.handleERC20Transfer(...ends, chain.erc20, amount, nonce, block, extra, fees);
  return operator.handleERC721Transfer(...ends, chain.erc721, amount, nonce, block, uriOf(args.encodedData), extra, fees);
}

/** The token's URI by the operators' rule: what `tokenURI` answered, without its first 64 bytes and without NULs around it. */
function uriOf(encoded) {
  const [answer] = AbiCoder.defaultAbiCoder().decode(["bytes"], encoded);
  if (getBytes(answer).length <= 64) return "";
  return toUtf8String(dataSlice(answer, 64)).replace(/^\0+|\0+$/g, "");
}
