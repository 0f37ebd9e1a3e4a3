#!/usr/bin/env node
// Compiles the contracts and writes what programs need of them to artifacts/, so that those need no compiler.
// With --check it writes nothing and fails where a committed file differs from a fresh compile.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sha3 from "js-sha3";

const CONTRACTS = ["Bridge", "ServiceChainToken", "ServiceChainNFT"];
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "out/artifacts");
const check = process.argv.includes("--check");

// Numbers of the syntax tree change with every edit and mean nothing outside of one compile.
function layout({ storage, types }) {
  const plain = (name) => name.replace(/\)\d+/g, ")");
  const slots = (list) => list.map(({ label, slot, offset, type }) => ({ label, slot, offset, type: plain(type) }));
  const kept = Object.entries(types ?? {}).map(([name, { label, encoding, numberOfBytes, members }]) => [
    plain(name),
    { label, encoding, numberOfBytes, ...(members && { members: slots(members) }) },
  ]);
  return { storage: slots(storage), types: Object.fromEntries(kept) };
}

function artifact(name) {
  const built = JSON.parse(readFileSync(join(out, `${name}.sol/${name}.json`), "utf8"));
  return `${JSON.stringify(
    {
      contractName: name,
      abi: built.abi,
      bytecode: built.bytecode.object,
      deployedBytecode: built.deployedBytecode.object,
      codeHash: `0x${sha3.keccak256(Buffer.from(built.deployedBytecode.object.slice(2), "hex"))}`,
      storageLayout: layout(built.storageLayout),
    },
    null,
    1,
  )}\n`;
}

function committed(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

execFileSync(join(root, "tools/forge"), [
  ...["build", "--quiet", "--force", "--out", out, "--cache-path", join(root, "cache/artifacts"), "src"],
], { cwd: root, stdio: "inherit", env: { ...process.env, FOUNDRY_PROFILE: "release" } });
let failed = 0;
for (const name of CONTRACTS) {
  const path = join(root, `artifacts/${name}.json`);
  const fresh = artifact(name);
  if (!check) {
    writeFileSync(path, fresh);
  } else if (committed(path) !== fresh) {
    console.error(`artifacts/${name}.json differs from a fresh compile: run node tools/artifacts.mjs`);
    failed += 1;
  }
}
// The verifier's own constant: which code it takes for this bridge.
const source = join(root, "../src/bridge/generation.rs");
const constant = /(pub const CODE_HASH_V2: Hash = Hash\(\[)[^\]]*(\]\);)/;
const { codeHash } = JSON.parse(readFileSync(join(root, "artifacts/Bridge.json"), "utf8"));
const bytes = codeHash.slice(2).match(/../g).map((byte) => `0x${byte}`);
const rows = [bytes.slice(0, 19), bytes.slice(19)].map((row) => `    ${row.join(", ")},\n`);
const before = readFileSync(source, "utf8");
const after = before.replace(constant, (_, start, end) => `${start}\n${rows.join("")}${end}`);
if (!check) {
  writeFileSync(source, after);
} else if (before !== after) {
  console.error("CODE_HASH_V2 in src/bridge/generation.rs is another bridge's: run node tools/artifacts.mjs");
  failed += 1;
}
if (check) {
  console.log(`${CONTRACTS.length + 1 - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
