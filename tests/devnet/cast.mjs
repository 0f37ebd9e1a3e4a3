// Foundry's cast, as people type it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { abi, bytecode } from "./token.mjs";

const SOMEBODY = "0x00000000000000000000000000000000000000cc";
const program = fileURLToPath(new URL("node_modules/.bin/cast", import.meta.url));

export async function cast({ test, devnet, keyOf }) {
  assert.ok(abi.length > 0);
  for (const name of ["main", "service"]) {
    const { http, chainId, bridge } = devnet[name];
    const key = keyOf("user 3");
    const options = { env: { ...process.env, ETH_RPC_URL: http, NO_COLOR: "1" }, maxBuffer: 1 << 24 };
    const run = async (...args) => {
      const { stdout, stderr } = await promisify(execFile)(program, args, options);
      if (/^Error/m.test(stderr)) throw new Error(stderr);
      return stdout.trim();
    };
    const saidBy = (...args) => run(...args).then((out) => out, (error) => error.message);
    const send = async (...args) => JSON.parse(await run("send", "--json", "--private-key", key, ...args));
    let token;

    await test(`cast, ${name}: reads the chain`, async () => {
      assert.equal(await run("chain-id"), String(chainId));
      const height = Number(await run("block-number"));
      assert.equal(Number(JSON.parse(await run("block", "latest", "--json")).number), height);
      assert.ok(BigInt(await run("gas-price")) > 0n);
      assert.equal(await run("rpc", "kaia_chainID"), `"0x${chainId.toString(16)}"`);
    });

    await test(`cast, ${name}: deploys, sends and calls`, async () => {
      const argument = (await run("abi-encode", "f(address)", bridge)).slice(2);
      const deployed = await send("--create", bytecode + argument);
      assert.equal(deployed.status, "0x1");
      token = deployed.contractAddress;
      const sent = await send(token, "transfer(address,uint256)", SOMEBODY, "9");
      assert.equal(sent.logs.length, 1);
      assert.equal(await run("call", token, "balanceOf(address)(uint256)", SOMEBODY), "9");
      assert.ok(Number(await run("estimate", token, "totalSupply()")) > 21_000);
      const legacy = await send("--legacy", SOMEBODY, "--value", "1");
      assert.equal(legacy.type, "0x0");
      assert.equal(await run("balance", SOMEBODY), "1");
      assert.equal(JSON.parse(await run("receipt", sent.transactionHash, "--json")).blockHash, sent.blockHash);
      const logs = JSON.parse(
        await run("logs", "--json", "--from-block", "0", "--address", token, "Transfer(address,address,uint256)"),
      );
      assert.equal(logs.length, 2, "the first supply and the transfer");
    });

    await test(`cast, ${name}: reads state and proofs, and says why a call reverts`, async () => {
      assert.ok((await run("code", token)).length > 1_000);
      assert.equal(JSON.parse(await run("proof", token, "0")).storageProof.length, 1);
      assert.equal((await run("storage", token, "0")).length, 66);
      // The npm package's launcher loses cast's exit code.
      const signature = "handleKLAYTransfer(bytes32,address,address,uint256,uint64,uint64,bytes)";
      const said = await saidBy("call", bridge, signature, `0x${"11".repeat(32)}`, SOMEBODY, SOMEBODY, "1", "99", "1", "0x");
      assert.match(said, /msg.sender is not an operator/);
    });
  }
}
