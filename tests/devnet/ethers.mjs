// ethers 6: every type of transaction it sends, its errors, its events over HTTP and WebSocket.

import assert from "node:assert/strict";
import {
  Contract,
  ContractFactory,
  JsonRpcProvider,
  Wallet,
  WebSocketProvider,
  getAddress,
  getCreateAddress,
  keccak256,
  parseEther,
} from "ethers";
import { abi, bridgeAbi, bytecode } from "./token.mjs";

const SOMEBODY = "0x00000000000000000000000000000000000000aa";

export async function ethersTests({ test, devnet, keyOf }) {
  for (const name of ["main", "service"]) {
    const chain = devnet[name];
    const provider = new JsonRpcProvider(chain.http, chain.chainId, { staticNetwork: true, cacheTimeout: -1, pollingInterval: 50 });
    const wallet = new Wallet(keyOf("user 1"), provider);
    let token;

    await test(`ethers, ${name}: reads the network, blocks and fees`, async () => {
      const raw = new JsonRpcProvider(chain.http);
      assert.equal((await raw.getNetwork()).chainId, BigInt(chain.chainId));
      raw.destroy();
      const block = await provider.getBlock("latest", true);
      assert.equal(block.number, await provider.getBlockNumber());
      assert.equal((await provider.getBlock(block.hash)).number, block.number);
      const fees = await provider.getFeeData();
      assert.ok(fees.gasPrice > 0n);
    });

    await test(`ethers, ${name}: sends transactions of types 0, 1 and 2`, async () => {
      for (const type of [0, 1, 2]) {
        const before = await provider.getBalance(SOMEBODY);
        // Before Magma all transactions pay one price, which ethers does not guess for the new types.
        const price = (await provider.getFeeData()).gasPrice;
        const fees = type === 2 ? { maxFeePerGas: price, maxPriorityFeePerGas: name === "main" ? 1n : price } : { gasPrice: price };
        const sent = await wallet.sendTransaction({ to: SOMEBODY, value: 7n, type, ...fees });
        const receipt = await sent.wait();
        assert.deepEqual([receipt.status, receipt.type], [1, type]);
        assert.equal(await provider.getBalance(SOMEBODY), before + 7n);
        assert.equal(await provider.getBalance(SOMEBODY, receipt.blockNumber - 1), before, "the past can be read");
        const found = await provider.getTransaction(sent.hash);
        assert.deepEqual([found.from, found.nonce, found.type], [wallet.address, sent.nonce, type]);
      }
    });

    await test(`ethers, ${name}: deploys and calls a contract`, async () => {
      const nonce = await wallet.getNonce();
      const deployed = await new ContractFactory(abi, bytecode, wallet).deploy(chain.bridge);
      await deployed.waitForDeployment();
      token = new Contract(await deployed.getAddress(), abi, wallet);
      assert.equal(token.target, getCreateAddress({ from: wallet.address, nonce }));
      assert.equal(await token.bridge(), getAddress(chain.bridge));
      assert.equal(await token.balanceOf(wallet.address), await token.totalSupply());
      const receipt = await (await token.transfer(SOMEBODY, 5n)).wait();
      const [log] = await token.queryFilter(token.filters.Transfer(wallet.address, SOMEBODY), receipt.blockNumber);
      assert.deepEqual([log.args.value, log.transactionHash], [5n, receipt.hash]);
      assert.equal(await token.balanceOf(SOMEBODY, { blockTag: receipt.blockNumber - 1 }), 0n);
      const used = receipt.gasUsed;
      const estimated = await token.transfer.estimateGas(SOMEBODY, 5n);
      assert.ok(estimated >= used / 2n && estimated < used * 3n, `${estimated} for ${used}`);
    });

    await test(`ethers, ${name}: is told why something fails, in the words it looks for`, async () => {
      const code = (promise) => promise.then(() => "none", (error) => error.code);
      await assert.rejects(token.transfer.staticCall(SOMEBODY, parseEther("1000000000000")), (error) => {
        assert.equal(error.code, "CALL_EXCEPTION");
        assert.equal(error.revert?.name, "ERC20InsufficientBalance");
        return true;
      });
      const bridge = new Contract(chain.bridge, bridgeAbi, wallet);
      await assert.rejects(
        bridge.handleKLAYTransfer.staticCall(`0x${"11".repeat(32)}`, SOMEBODY, SOMEBODY, 1n, 99n, 1n, "0x"),
        (error) => error.reason === "msg.sender is not an operator",
      );
      const used = (await wallet.getNonce()) - 1;
      assert.equal(await code(wallet.sendTransaction({ to: SOMEBODY, nonce: used })), "NONCE_EXPIRED");
      const poor = Wallet.createRandom(provider);
      assert.equal(
        await code(poor.sendTransaction({ to: SOMEBODY, value: 1n, gasLimit: 21_000n })),
        "INSUFFICIENT_FUNDS",
      );
      const failed = await token.transfer(SOMEBODY, parseEther("1000000000000"), { gasLimit: 200_000n });
      assert.equal(await code(failed.wait()), "CALL_EXCEPTION");
      assert.equal((await provider.getTransactionReceipt(failed.hash)).status, 0);
    });

    await test(`ethers, ${name}: reads storage, code and proofs`, async () => {
      const proof = await provider.send("eth_getProof", [token.target, ["0x0"], "latest"]);
      assert.equal(proof.codeHash, keccak256(await provider.getCode(token.target)));
      assert.equal(proof.storageProof[0].value, (await provider.getStorage(token.target, 0)).replace(/^0x0*(?=.)/, "0x"));
      const block = await provider.getBlock("latest");
      assert.equal(keccak256(proof.accountProof[0]), block.stateRoot);
    });

    await test(`ethers, ${name}: hears of blocks and logs over WebSocket`, async () => {
      const socket = new WebSocketProvider(chain.ws, chain.chainId);
      const listening = new Contract(token.target, abi, socket);
      const block = new Promise((resolve) => socket.once("block", resolve));
      const event = new Promise((resolve) => listening.once("Transfer", (from, to, value) => resolve([to, value])));
      await socket.send("eth_chainId", []);
      await new Promise((resolve) => setTimeout(resolve, 200));
      const receipt = await (await token.transfer(chain.erc20, 11n)).wait();
      assert.equal(await block, receipt.blockNumber);
      assert.deepEqual(await event, [getAddress(chain.erc20), 11n]);
      // It unsubscribes behind the back of who listens once, and must be let.
      await new Promise((resolve) => setTimeout(resolve, 200));
      await socket.destroy();
    });

    provider.destroy();
  }
}
