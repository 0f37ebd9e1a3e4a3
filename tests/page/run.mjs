// The verification page in Chromium, as a user meets it.
//   node tests/page/run.mjs <path of the spanlight command> <folder of the built page> <path of the forge's example `busy`> [words]
// With words, only tests whose names hold one of them. Prints one line for each test; the last line is the count.
import { argv, exit } from "node:process";
import { performance } from "node:perf_hooks";
import { World } from "./lib/world.mjs";

const FILES = ["states", "claims", "live", "living", "devnet", "bad-input", "links", "offline", "reach", "bridge", "take", "served", "speed"];

const [command, page, busy, ...words] = argv.slice(2);
if (!busy) {
  console.error("usage: node tests/page/run.mjs <spanlight command> <folder of the built page> <example busy> [words]");
  exit(2);
}

// Two cores that others use too judge 500 transfers in minutes.
const LONGEST = 420_000;

let passed = 0;
let failed = 0;
const world = await World.open({ command, page, busy });
try {
  for (const file of FILES) {
    const { tests } = await import(`./cases/${file}.mjs`);
    for (const [name, test] of Object.entries(tests)) {
      if (words.length > 0 && !words.some((word) => `${file} ${name}`.includes(word))) continue;
      await run(`${file}: ${name}`, test);
    }
  }
} finally {
  await world.close();
}
console.log(`${passed} passed, ${failed} failed`);
exit(failed === 0 && passed > 0 ? 0 : 1);

async function run(name, test) {
  const began = performance.now();
  try {
    await within(LONGEST, test(world));
    // What every visit must hold to, whatever the test was about.
    await world.endVisits();
    passed += 1;
    console.log(`${name}: ok, ${Math.round(performance.now() - began)} ms`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error.stack ?? error}`);
    await world.dropVisits(name);
  }
}

async function within(milliseconds, work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`not done within ${milliseconds} ms`)), milliseconds)));
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
