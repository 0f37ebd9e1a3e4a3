// viem: clients over HTTP and WebSocket, simulation, watching by filters and by subscription, EIP-7702.

import assert from "node:assert/strict";
import { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http, parseEther, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { abi, bytecode } from "./token.mjs";

const SOMEBODY = "0x00000000000000000000000000000000000000bb";

export async function viemTests({ test, devnet, keyOf }) {
  for (const name of ["main", "service"]) {
    const { http: url, ws, chainId, bridge } = devnet[name];
    const chain = defineChain({
      id: chainId,
      name,
      nativeCurrency: { name: "Coin", symbol: "KAIA", decimals: 18 },
      rpcUrls: { default: { http: [url], webSocket: [ws] } },
    });
    const account = privateKeyToAccount(keyOf("user 2"));
    const reader = createPublicClient({ chain, transport: http(url, { batch: true }), pollingInterval: 50 });
    const writer = createWalletClient({ account, chain, transport: http(url) });
    let token;

    await test(`viem, ${name}: deploys, reads and writes`, async () => {
      const hash = await writer.deployContract({ abi, bytecode, args: [bridge] });
      const receipt = await reader.waitForTransactionReceipt({ hash });
      assert.equal(receipt.status, "success");
      token = { address: receipt.contractAddress, abi };
      const supply = await reader.readContract({ ...token, functionName: "totalSupply" });
      assert.equal(await reader.readContract({ ...token, functionName: "balanceOf", args: [account.address] }), supply);
      const [block, fees, proof] = await Promise.all([
        reader.getBlock(),
        reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [50] }),
        reader.getProof({ address: token.address, storageKeys: [`0x${"00".repeat(32)}`] }),
      ]);
      assert.equal(block.number, receipt.blockNumber);
      assert.equal(fees.baseFeePerGas.length, 5);
      assert.equal(proof.storageProof.length, 1);
    });

    await test(`viem, ${name}: simulates, and names what a contract reverts with`, async () => {
      const call = { ...token, functionName: "transfer", account };
      const { request } = await reader.simulateContract({ ...call, args: [SOMEBODY, 3n] });
      const receipt = await reader.waitForTransactionReceipt({ hash: await writer.writeContract(request) });
      const logs = await reader.getContractEvents({ ...token, eventName: "Transfer", fromBlock: receipt.blockNumber });
      assert.deepEqual(logs.map((log) => log.args.value), [3n]);
      await assert.rejects(
        reader.simulateContract({ ...call, args: [SOMEBODY, parseEther("1000000000000")] }),
        (error) => error.walk((cause) => cause.data?.errorName === "ERC20InsufficientBalance") !== null,
      );
    });

    await test(`viem, ${name}: watches events by filter, and blocks by subscription`, async () => {
      const seen = new Promise((resolve) => {
        const stop = reader.watchContractEvent({ ...token, eventName: "Transfer", onLogs: (logs) => resolve({ logs, stop }) });
      });
      const socket = createPublicClient({ chain, transport: webSocket(ws) });
      const block = new Promise((resolve, reject) => {
        const stop = socket.watchBlocks({ onBlock: (block) => resolve({ block, stop }), onError: reject });
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const hash = await writer.writeContract({ ...token, functionName: "transfer", args: [SOMEBODY, 4n] });
      const receipt = await reader.waitForTransactionReceipt({ hash });
      const [{ logs, stop }, watched] = await Promise.all([seen, block]);
      assert.equal(logs[0].args.value, 4n);
      assert.equal(watched.block.number, receipt.blockNumber);
      stop();
      watched.stop();
      (await socket.transport.getRpcClient()).close();
    });
  }

  await test("viem, main: an account runs foreign code (EIP-7702)", async () => {
    const { http: url, chainId, erc20 } = devnet.main;
    const chain = defineChain({
      id: chainId,
      name: "main",
      nativeCurrency: { name: "Coin", symbol: "KAIA", decimals: 18 },
      rpcUrls: { default: { http: [url] } },
    });
    const account = privateKeyToAccount(keyOf("user 4"));
    const reader = createPublicClient({ chain, transport: http(url), pollingInterval: 50 });
    const writer = createWalletClient({ account, chain, transport: http(url) });
    const authorization = await writer.signAuthorization({ contractAddress: erc20, executor: "self" });
    // The token's code refuses a call of no function of its own.
    const data = encodeFunctionData({ abi, functionName: "decimals" });
    const hash = await writer.sendTransaction({ authorizationList: [authorization], to: account.address, data });
    assert.equal((await reader.waitForTransactionReceipt({ hash })).type, "eip7702");
    assert.equal(await reader.getCode({ address: account.address }), `0xef0100${erc20.slice(2)}`);
    const decimals = await reader.readContract({ address: account.address, abi, functionName: "decimals" });
    assert.equal(decimals, 18);
  });
}
