// Transfers of every kind both ways, made and voted for by plain scripts, judged by the command and by the npm package.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { audit } from "../../www/package/dist/esm/node.js";
import { transferEveryKindBothWays } from "./plain-votes.mjs";

export async function transfers({ test, devnet, keyOf, program }) {
  let made;
  await test("plain votes: six transfers of three kinds are executed", async () => {
    made = await transferEveryKindBothWays(devnet, keyOf);
  });
  const rpc = { main: devnet.main.http, service: devnet.service.http };
  for (const from of ["main", "service"]) {
    await test(`plain votes, from ${from}: handled and complete, says the command`, async () => {
      const folder = await mkdtemp(join(tmpdir(), "spanlight-devnet-"));
      try {
        const trust = join(folder, "trust.json");
        await writeFile(trust, JSON.stringify(devnet.trust));
        const asked = ["audit", "--json", "--trust", trust, "--from", from, "--nonces", made.nonces.join("..")];
        const endpoints = Object.entries(rpc).flatMap(([name, url]) => ["--rpc", `${name}=${url}`]);
        // Exit code 0 says that all are proven handled; anything else would be thrown.
        const { stdout } = await promisify(execFile)(program, [...asked, ...endpoints, "--now", String(made.time + 1)]);
        allHandled(JSON.parse(stdout));
      } finally {
        await rm(folder, { recursive: true });
      }
    });
    await test(`plain votes, from ${from}: handled and complete, says the npm package`, async () => {
      allHandled(await audit(made.nonces, { trust: JSON.stringify(devnet.trust), from, endpoints: rpc, now: made.time + 1 }));
    });
  }
}

function allHandled({ transfers, complete }) {
  const told = transfers.map(({ nonce, verdict, state, request }) => [Number(nonce), verdict, state, request.kind]);
  assert.deepEqual(told, ["coin", "erc20", "erc721"].map((kind, nonce) => [nonce, "proven", "handled", kind]));
  assert.equal(complete, true);
}
