// Checks the page: types, unit tests, the build, and its weight. Prints `N passed, N failed`.
//   node test.mjs
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { build } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
let [passed, failed] = [0, 0];

await step("types", () => run("node_modules/typescript/bin/tsc", "-p", "tsconfig.json"));
await unitTests();
await step("build", () => run("build.mjs"));
await step("weight", withinBudget);

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function step(name, job) {
  try {
    await job();
    passed += 1;
  } catch (thrown) {
    failed += 1;
    console.error(`page, ${name}: ${thrown.message}`);
  }
}

function run(...command) {
  execFileSync("node", command, { cwd: here, stdio: "inherit" });
}

// Node 20 reads no TypeScript: the tests are bundled first, with what they test.
async function unitTests() {
  const out = await mkdtemp(join(tmpdir(), "spanlight-page-"));
  try {
    const files = (await readdir(join(here, "src"), { recursive: true })).filter((name) => name.endsWith(".test.ts"));
    const input = Object.fromEntries(files.map((name) => [name.replace(/\W/g, "-"), join(here, "src", name)]));
    const oxc = { jsx: { runtime: "automatic", importSource: "preact" } };
    await build({ root: here, configFile: false, logLevel: "error", oxc, ssr: { noExternal: true }, build: { ssr: true, outDir: out, emptyOutDir: true, rollupOptions: { input, output: { entryFileNames: "[name].mjs" } } } });
    const tests = Object.keys(input).map((name) => join(out, `${name}.mjs`));
    const { stdout } = spawnSync("node", ["--test", "--test-reporter=tap", ...tests], { encoding: "utf8" });
    const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, "m").exec(stdout)?.[1] ?? 0);
    if (count("pass") === 0 || count("fail") > 0) console.error(stdout);
    passed += count("pass");
    failed += count("pass") === 0 ? 1 : count("fail");
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** What a visitor downloads, packed as hosts send it. */
async function withinBudget() {
  const budget = Number(await readFile(join(here, "../../tests/budgets/page-weight-bytes.txt"), "utf8"));
  const names = (await readdir(join(here, "dist"))).filter((name) => !/\.(br|gz)$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => brotliCompressSync(await readFile(join(here, "dist", name))).length));
  const weight = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`page weight: ${weight} of ${budget} bytes`);
  if (!(weight > 0 && weight <= budget)) throw new Error(`${weight} bytes packed, and the budget is ${budget}`);
}
