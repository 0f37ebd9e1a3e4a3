// The devnet, used by the clients that people have: ethers, viem, Foundry's cast and the Kaia SDK; and transfers over its bridge.
// Needs the built npm package (www/package/dist).
// Usage: node run.mjs PATH_OF_SPANLIGHT. The last line is the count.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cast } from "./cast.mjs";
import { ethersTests } from "./ethers.mjs";
import { kaia } from "./kaia.mjs";
import { transfers } from "./transfers.mjs";
import { viemTests } from "./viem.mjs";

const LONGEST = 60_000;

/** Starts `spanlight devnet` and gives what it prints. */
async function start(program) {
  const child = spawn(program, ["devnet", "--json", "--block-time", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await Promise.race([
    new Promise((resolve) => createInterface(child.stdout).once("line", (line) => resolve([line]))),
    new Promise((_, reject) => child.once("exit", (code) => reject(new Error(`spanlight devnet ended with ${code}`)))),
  ]);
  return { child, devnet: JSON.parse(line) };
}

const program = process.argv[2];
if (!program) throw new Error("usage: node run.mjs PATH_OF_SPANLIGHT");
const { child, devnet } = await start(program);
// However this ends, the devnet ends with it.
process.on("exit", () => child.kill("SIGTERM"));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
const tally = { passed: 0, failed: 0 };

/** Runs one test. */
async function test(name, run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took longer than a minute")), LONGEST);
  });
  try {
    await Promise.race([run(), late]);
    tally.passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    tally.failed += 1;
    console.log(`FAILED  ${name}\n${error.stack ?? error}`);
  } finally {
    clearTimeout(timer);
  }
}

for (const suite of [transfers, ethersTests, viemTests, cast, kaia]) await suite({ test, devnet, keyOf, program });
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exit(tally.failed === 0 ? 0 : 1);

/** The private key of a role, as `spanlight devnet` prints it. */
function keyOf(role) {
  const account = devnet.accounts.find((account) => account.role === role);
  if (!account) throw new Error(`no account ${role}`);
  return account.key;
}
