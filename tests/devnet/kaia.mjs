// The Kaia SDK (ethers extension): the chain's own transaction types, fee delegation and account keys.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { AbiCoder, Contract, Wallet as PlainWallet, concat, getBytes } from "ethers";
import { abi, bytecode } from "./token.mjs";

// The package's own modules are CommonJS.
const require = createRequire(import.meta.url);
const { AccountKeyType, JsonRpcProvider, TxType, Wallet } = require("@kaiachain/ethers-ext/v6");

const SOMEBODY = "0x00000000000000000000000000000000000000dd";

export async function kaia({ test, devnet, keyOf }) {
  for (const name of ["main", "service"]) {
    const { http, bridge } = devnet[name];
    const provider = new JsonRpcProvider(http);
    provider.pollingInterval = 50;
    const wallet = new Wallet(keyOf("user 4"), provider);
    const payer = new Wallet(keyOf("deployer, owner"), provider);
    const receiptOf = (hash) => provider.send("kaia_getTransactionReceipt", [hash]);
    let token;

    /** This provider takes no options, and believes for a quarter of a second what it has read. */
    const forget = () => new Promise((resolve) => setTimeout(resolve, 260));

    /** Sends, and gives the receipt in the chain's own words. */
    const send = async (from, transaction) => {
      const sent = await from.sendTransaction(transaction);
      await sent.wait();
      await forget();
      return receiptOf(sent.hash);
    };

    /** The sender signs, the fee payer signs and sends. */
    const delegated = async (transaction) => {
      const signed = await wallet.signTransaction(await wallet.populateTransaction(transaction));
      const sent = await payer.sendTransactionAsFeePayer(signed);
      await sent.wait();
      await forget();
      return receiptOf(sent.hash);
    };

    await test(`Kaia SDK, ${name}: value transfers, with a memo too`, async () => {
      const transfer = await send(wallet, { type: TxType.ValueTransfer, to: SOMEBODY, value: 5n });
      assert.deepEqual([transfer.status, transfer.type, transfer.typeInt], ["0x1", "TxTypeValueTransfer", 0x08]);
      const memo = await send(wallet, { type: TxType.ValueTransferMemo, to: SOMEBODY, value: 5n, data: "0x68656c6c6f" });
      assert.deepEqual([memo.status, memo.input], ["0x1", "0x68656c6c6f"]);
      assert.equal(await provider.getBalance(SOMEBODY), 10n);
    });

    await test(`Kaia SDK, ${name}: deploys and calls a contract`, async () => {
      const input = concat([bytecode, AbiCoder.defaultAbiCoder().encode(["address"], [bridge])]);
      const deployed = await send(wallet, {
        type: TxType.SmartContractDeploy,
        to: "0x0000000000000000000000000000000000000000",
        value: 0n,
        data: input,
        humanReadable: false,
        codeFormat: 0,
        gasLimit: 3_000_000,
      });
      assert.equal(deployed.status, "0x1");
      token = new Contract(deployed.contractAddress, abi, provider);
      const data = token.interface.encodeFunctionData("transfer", [SOMEBODY, 2n]);
      const called = await send(wallet, { type: TxType.SmartContractExecution, to: token.target, value: 0n, data });
      assert.deepEqual([called.status, called.logs.length], ["0x1", 1]);
      assert.equal(await token.balanceOf(SOMEBODY), 2n);
    });

    await test(`Kaia SDK, ${name}: somebody else pays the fee, all of it or a share`, async () => {
      const balances = () => Promise.all([wallet, payer].map((one) => provider.getBalance(one.address)));
      const before = await balances();
      const full = await delegated({ type: TxType.FeeDelegatedValueTransfer, to: SOMEBODY, value: 3n });
      assert.deepEqual([full.status, full.feePayer], ["0x1", payer.address.toLowerCase()]);
      assert.notEqual(full.senderTxHash, full.transactionHash);
      const after = await balances();
      const fee = BigInt(full.gasUsed) * BigInt(full.effectiveGasPrice);
      assert.deepEqual([before[0] - after[0], before[1] - after[1]], [3n, fee]);
      const share = await delegated({
        type: TxType.FeeDelegatedValueTransferWithRatio,
        to: SOMEBODY,
        value: 3n,
        feeRatio: 40,
      });
      const last = await balances();
      const sharedFee = BigInt(share.gasUsed) * BigInt(share.effectiveGasPrice);
      assert.deepEqual([after[0] - last[0] - 3n, after[1] - last[1]], [(sharedFee * 60n) / 100n, (sharedFee * 40n) / 100n]);
      assert.equal((await provider.send("kaia_getTransactionBySenderTxHash", [share.senderTxHash])).hash, share.transactionHash);
    });

    await test(`Kaia SDK, ${name}: an account takes another key, and the old one is refused`, async () => {
      const old = new Wallet(PlainWallet.createRandom().privateKey, provider);
      const key = PlainWallet.createRandom();
      await send(wallet, { type: TxType.ValueTransfer, to: old.address, value: 10n ** 18n });
      const update = { type: AccountKeyType.Public, key: key.signingKey.compressedPublicKey };
      assert.equal((await send(old, { type: TxType.AccountUpdate, key: update })).status, "0x1");
      const shown = await provider.send("kaia_getAccountKey", [old.address, "latest"]);
      assert.equal(shown.keyType, 2);
      const transfer = { type: TxType.ValueTransfer, to: SOMEBODY, value: 1n };
      await assert.rejects(send(old, transfer), /invalid signature/);
      const renewed = new Wallet(old.address, key.privateKey, provider);
      assert.equal((await send(renewed, transfer)).status, "0x1");
      assert.equal(getBytes(update.key).length, 33);
    });

    await test(`Kaia SDK, ${name}: a nonce is cancelled`, async () => {
      const cancelled = await send(wallet, { type: TxType.Cancel });
      assert.deepEqual([cancelled.status, cancelled.type], ["0x1", "TxTypeCancel"]);
    });
  }
}
