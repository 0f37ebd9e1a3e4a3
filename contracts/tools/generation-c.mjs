#!/usr/bin/env node
// Takes the creation code of the deployed contracts (bridge of generation C, and its tokens) out of the recordings, for the tests
// that compare with them. The constructor argument, one word, is cut off.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const path = join(root, "../tests/fixtures/service.rpc.jsonl.gz");
const answers = gunzipSync(readFileSync(path)).toString().trim().split("\n").map((line) => JSON.parse(line));
const code = answers.find(({ method }) => method === "kaia_getCode").result.slice(2);
const creations = answers
  .filter(({ method }) => method === "kaia_getBlockByNumber")
  .flatMap(({ result }) => result.transactions)
  .filter(({ to }) => !to);
const selectorOf = { bridge: code, token: "3dc3c9e1", nft: "3f4c4e3d" };

for (const [name, mark] of Object.entries(selectorOf)) {
  const found = creations.filter(({ input }) => input.includes(mark));
  if (found.length !== 1) throw new Error(`${found.length} transactions of the recording create the ${name}`);
  writeFileSync(join(root, `test/fixtures/generation-c.${name}.hex`), `${found[0].input.slice(0, -64)}\n`);
  console.log(`${name}: from transaction ${found[0].hash}`);
}
