#!/usr/bin/env node
// Takes the creation code of the deployed contracts (bridge of generation C, and its tokens) out of the recordings, for the tests
// that compare with them. The constructor argument, one word, is cut off. With --check it writes nothing and compares.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const check = process.argv.includes("--check");
const recording = join(root, "../tests/fixtures/service.rpc.jsonl.gz");
const answers = gunzipSync(readFileSync(recording)).toString().trim().split("\n").map((line) => JSON.parse(line));
const code = answers.find(({ method }) => method === "kaia_getCode").result.slice(2);
const creations = answers
  .filter(({ method }) => method === "kaia_getBlockByNumber")
  .flatMap(({ result }) => result.transactions)
  .filter(({ to }) => !to);
// What only its creation holds: the recorded runtime code, and the selectors of the two `requestValueTransfer`.
const marks = { bridge: code, token: "3dc3c9e1", nft: "3f4c4e3d" };

let failed = 0;
for (const [name, mark] of Object.entries(marks)) {
  const found = creations.filter(({ input }) => input.includes(mark));
  if (found.length !== 1) throw new Error(`${found.length} transactions of the recording create the ${name}`);
  const path = join(root, `test/fixtures/generation-c.${name}.hex`);
  const text = `${found[0].input.slice(0, -64)}\n`;
  if (!check) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text) {
    console.error(`test/fixtures/generation-c.${name}.hex is not what was recorded: run node tools/generation-c.mjs`);
    failed += 1;
  }
}
if (check) {
  console.log(`${Object.keys(marks).length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
