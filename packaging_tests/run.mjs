// Installs the packed package into empty folders and runs the same suite under each runtime and bundler.
//   node packaging_tests/run.mjs <path of the spanlight command> [names]
// Prints one line for each failure; the last line is the count.
import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join, resolve } from "node:path";
import { argv, execPath, exit } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { cut } from "./cut.mjs";
import { late } from "./late.mjs";
import { nobody, startLiar } from "./liar.mjs";

const exec = promisify(execFile);
const here = dirname(fileURLToPath(import.meta.url));
const fixtures = join(here, "../tests/fixtures");
const bin = join(here, "node_modules/.bin");
const [command, ...wanted] = argv.slice(2);
if (!command) {
  console.error("usage: node packaging_tests/run.mjs <path of the spanlight command> [names]");
  exit(2);
}
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

let passed = 0;
let failed = 0;
const folder = await mkdtemp(join(tmpdir(), "spanlight-"));
const closing = [() => rm(folder, { recursive: true, force: true })];
try {
  await main();
} catch (error) {
  failed += 1;
  console.log(`FAILED ${error.stack}`);
} finally {
  for (const close of closing.reverse()) await close();
}
console.log(`${passed} passed, ${failed} failed`);
exit(failed === 0 && passed > 0 ? 0 : 1);

async function main() {
  const tarball = await pack();
  const rpc = { main: await replay("main.rpc.jsonl.gz"), service: await replay("service.rpc.jsonl.gz"), dead: await nobody() };
  const liar = await startLiar(rpc.main);
  closing.push(liar.close);
  rpc.liar = liar.address;
  const project = await install(tarball);
  const script = (program, args, file, given = rpc) => () => run(program, [...args, join(project, file), fixtures, JSON.stringify(given)], project);
  const page = (file, bundle, given = rpc) => () => inChromium(project, file, bundle, given);
  const cases = {
    cut,
    late: () => late(join(project, "node_modules/spanlight"), fixtures),
    "node-esm": script(execPath, [], "node-esm.mjs"),
    "node-cjs": script(execPath, [], "node-cjs.cjs"),
    crash: script(execPath, [], "crash.mjs"),
    types: () => types(project),
    "as natively": () => asNatively(project, rpc),
    examples: () => examples(project, rpc),
    deno: script(join(here, "node_modules/@deno/linux-x64-glibc/deno"), ["run", "-A", "--no-remote", "--node-modules-dir=manual"], "node-esm.mjs"),
    bun: script(join(here, "node_modules/@oven/bun-linux-x64/bin/bun"), ["run"], "node-esm.mjs"),
    "jest with jsdom": () => inJest(project),
    "left behind in Node": () => leftBehindInNode(project),
    "left behind by esbuild": page("left-behind.mjs", withEsbuild),
    "left behind by esbuild, one script": page("left-behind.mjs", asScript),
    "left behind by Rollup": page("left-behind.mjs", withRollup),
    "chains that run, in Node": () => onDevnet((devnet) => script(execPath, [], "node-live.mjs", { devnet })()),
    "chains that run, in Chromium": () => onDevnet((devnet) => page("browser-live.mjs", withEsbuild, { devnet })()),
    workerd: () => inWorkerd(project, rpc),
    esbuild: page("browser-inline.mjs", withEsbuild),
    webpack: page("browser.mjs", withWebpack),
    vite: page("browser.mjs", withVite),
    "vite-worker": page("browser-worker.mjs", withVite),
  };
  const chosen = Object.entries(cases).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  // Their endpoints are late on purpose: they wait most of the time, and others work meanwhile.
  const waiting = new Map(chosen.filter(([name]) => name.startsWith("chains that run")).map(([name, job]) => [name, settled(job)]));
  for (const [name, job] of chosen) {
    try {
      const { result, milliseconds } = await (waiting.get(name) ?? timed(job));
      passed += result.passed;
      failed += result.failures.length + (result.passed === 0 ? 1 : 0);
      for (const failure of result.failures) console.log(`FAILED ${name}: ${failure}`);
      console.log(`${name}: ${result.passed} checks held, ${milliseconds} ms`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}: ${error.stderr || error.stack || error}`);
    }
  }
}

async function timed(job) {
  const began = performance.now();
  const result = await job();
  return { result, milliseconds: Math.round(performance.now() - began) };
}

/** Starts a job whose outcome is asked for later: a failure waits for that, instead of ending the program. */
function settled(job) {
  const outcome = timed(job);
  outcome.catch(() => {});
  return outcome;
}

async function pack() {
  const source = join(here, "../www/package");
  const { stdout } = await exec("npm", ["pack", "--json", "--pack-destination", folder], { cwd: source });
  const [{ filename, unpackedSize, files }] = JSON.parse(stdout);
  const budget = Number(await readFile(join(here, "../tests/budgets/npm-unpacked-bytes.txt"), "utf8"));
  const wasm = Number(await readFile(join(here, "../tests/budgets/wasm-gzip-bytes.txt"), "utf8"));
  const { gzipSync } = await import("node:zlib");
  within("unpacked package", unpackedSize, budget);
  const shipped = files.map(({ path }) => path).filter((path) => path.endsWith(".wasm"));
  if (shipped.length === 0) throw new Error("no module is packed");
  for (const path of shipped) within(`${path}, gzip`, gzipSync(await readFile(join(source, path)), { level: 9 }).length, wasm);
  console.log(`${filename}: ${files.length} files`);
  return join(folder, filename);
}

function within(what, bytes, budget) {
  if (bytes <= budget) passed += 1;
  else failed += 1;
  console.log(`${bytes <= budget ? "" : "FAILED "}${what}: ${bytes} bytes of at most ${budget}`);
}

// An empty project with nothing but the package.
async function install(tarball) {
  const project = join(folder, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  await exec("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--offline", tarball], { cwd: project });
  const installed = (await readdir(join(project, "node_modules"))).filter((name) => !name.startsWith("."));
  if (installed.join() !== "spanlight") throw new Error(`the package brings others: ${installed}`);
  for (const file of ["suite.mjs", "failover.mjs", "live.mjs", "misuse.mjs"]) await cp(join(here, file), join(project, file));
  for (const file of await readdir(join(here, "runtimes"))) await cp(join(here, "runtimes", file), join(project, file));
  return project;
}

// The recorded node behind an address of its own.
function replay(file) {
  return started(["replay", join(fixtures, file), "--listen", "127.0.0.1:0"], /http:\/\/127\.0\.0\.1:\d+/);
}

/** Starts the command; gives the first thing it prints that looks like `pattern`. */
async function started(args, pattern, children = closing) {
  const child = spawn(resolve(command), args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(() => child.kill());
  let text = "";
  for await (const chunk of child.stdout) {
    text += chunk;
    const found = pattern.exec(text);
    if (found) return found[0];
  }
  throw new Error(`spanlight ${args.join(" ")} did not print ${pattern}: ${text}`);
}

/** Two chains with a block each second for ten minutes already, and relays before them that can be late. */
async function onDevnet(job) {
  const BLOCKS = 620;
  const ending = [];
  try {
    const told = JSON.parse(await started(["devnet", "--json", "--age", String(BLOCKS), "--transfers", "1"], /^\{.*\}(?=\n)/, ending));
    const relays = await Promise.all([startLiar(told.main.http), startLiar(told.service.http)]);
    ending.push(...relays.map(({ close }) => close));
    const [main, service] = relays.map(({ address }) => address);
    return await job({ trust: JSON.stringify(told.trust), main, service, blocks: 600 });
  } finally {
    for (const end of ending) end();
  }
}

async function run(program, args, cwd) {
  const { stdout } = await exec(program, args, { cwd, maxBuffer: 1 << 26, timeout: 480_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

// The command and the package, each with the same bad endpoints before a good one, say the same of them and of the transfer.
async function asNatively(project, rpc) {
  const { prove } = await import(pathToFileURL(join(project, "node_modules/spanlight/dist/esm/node.js")));
  const trust = join(fixtures, "bundles/handled-erc721.trust.json");
  const main = [rpc.service, `${rpc.liar}/state-root`, `${rpc.liar}/no-logs`, rpc.main];
  const { transfers, bundle, notes } = await prove({ nonce: 11 }, { trust: await readFile(trust, "utf8"), from: "main", endpoints: { main, service: rpc.service }, now: 1795398976 });
  const out = join(folder, "native.spl");
  const named = [...main.map((address) => `main=${address}`), `service=${rpc.service}`].flatMap((endpoint) => ["--rpc", endpoint]);
  const args = ["prove", "--trust", trust, "--from", "main", "--nonce", "11", "--now", "1795398976", "--out", out, "--json", ...named];
  const { stdout, stderr } = await exec(resolve(command), args, { cwd: project });
  const told = stderr.split("\n").filter((line) => line.includes("note:")).map((line) => line.replace(/^\s*note:\s*/, ""));
  const found = notes.filter(({ code }) => code !== "endpoint.refused").map(({ detail }) => detail);
  const pairs = [
    ["notes", found.join("\n"), told.join("\n")],
    ["verdict", transfers[0].state, JSON.parse(stdout).transfers[0].state],
    ["bundle", Buffer.from(bundle).toString("base64"), (await readFile(out)).toString("base64")],
    ["number of notes", found.length > 3, true],
  ];
  const failures = pairs.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${what}: ${a}, natively ${b}`);
  return { passed: pairs.length - failures.length, failures };
}

// The declarations, as a user's compiler reads them, in both module systems, with the clients of other libraries.
async function types(project) {
  await libraries(project);
  const esm = `import { verify, audit, SpanlightError, type Endpoint, type Report } from "spanlight";
import { init } from "spanlight/module";
import { startWorker } from "spanlight/worker";
const bytes = new Uint8Array();
const report: Report = await verify(bytes, "{}", new Date());
for (const file of [bytes.buffer, new DataView(bytes.buffer), bytes]) await verify(file, file, { now: 5n });
const nonce: bigint | undefined = report.transfers[0]?.nonce;
const { vote_scan } = await audit([0n, 3], { trust: "{}", from: "main", endpoints: { main: new URL("http://localhost") } });
// @ts-expect-error a verdict is one of five
report.transfers[0]?.verdict === "yes";
export { init, startWorker, nonce, vote_scan, SpanlightError };
import type { BrowserProvider, Eip1193Provider, JsonRpcProvider } from "ethers";
import { createClient, createWalletClient, custom, http, type EIP1193Provider, type PublicClient, type WalletClient } from "viem";
declare const one: Eip1193Provider, two: EIP1193Provider, three: PublicClient, four: WalletClient, five: JsonRpcProvider, six: BrowserProvider;
export const endpoints: Endpoint[] = [one, two, three, four, five, six, createClient({ transport: http() }), createWalletClient({ transport: custom(two) })];
// @ts-expect-error it cannot ask
export const none: Endpoint = { ask: 1 };\n`;
  await writeFile(join(project, "types.mts"), esm);
  await writeFile(join(project, "types.cts"), `import spanlight = require("spanlight");\nimport worker = require("spanlight/worker");\nexport const done: Promise<spanlight.BundleSummary> = spanlight.inspect(new Uint8Array());\nexport const { startWorker } = worker;\n`);
  const told = await compile(project, ["--noEmit", "types.mts", "types.cts"]);
  return { passed: told === "" ? 2 : 0, failures: told.split("\n").filter(Boolean) };
}

/** The libraries beside the package, and the types of Node. */
async function libraries(project) {
  const modules = join(here, "../examples/node_modules");
  const types = join(here, "../www/package/node_modules/@types");
  for (const [name, from] of [["ethers", modules], ["viem", modules], ["node", types]]) {
    const to = join(project, "node_modules", name === "node" ? "@types/node" : name);
    await mkdir(dirname(to), { recursive: true });
    await symlink(join(from, name), to).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function compile(project, args) {
  const tsc = join(here, "../www/package/node_modules/.bin/tsc");
  const flags = ["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "--preserveSymlinks", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--types", "node"];
  const { stdout } = await exec(tsc, [...flags, ...args], { cwd: project }).catch((error) => error);
  return stdout;
}

// The programs of examples/ and the lines of the README, as they stand there, on the recordings.
async function examples(project, rpc) {
  const result = { passed: 0, failures: [] };
  await libraries(project);
  const programs = (await readdir(join(here, "../examples"))).filter((file) => /\.(mjs|ts)$/.test(file));
  for (const file of programs) await cp(join(here, "../examples", file), join(project, file));
  const told = await compile(project, programs.filter((file) => file.endsWith(".ts")));
  if (told === "") result.passed += 1;
  else result.failures.push(told);
  const NOW = "1795398976";
  const env = { ...process.env, TRUST: join(fixtures, "trust.json"), FROM: "main", NOW, RPC_main: rpc.main, RPC_service: rpc.service };
  const expect = async (what, args, exit, ...words) => {
    const { stdout, stderr, code = 0 } = await exec(execPath, args, { cwd: project, env, maxBuffer: 1 << 26 }).catch((error) => error);
    if (code === exit && !stderr.includes("Warning") && words.every((word) => stdout.includes(word))) result.passed += 1;
    else result.failures.push(`${what}: exit ${code}: ${stdout} ${stderr}`);
  };
  const story = JSON.parse(await readFile(join(fixtures, "transfers.json"), "utf8"));
  const { request } = story.transfers.find(({ from, nonce }) => from === "main" && nonce === 0);
  const bundle = join(fixtures, "bundles/fraud-on-service.spl");
  await expect("verify.mjs", ["verify.mjs", bundle, join(fixtures, "bundles/fraud-on-service.trust.json"), NOW], 0, "transfer 20: proven fraud");
  await expect("audit-cron.mjs", ["audit-cron.mjs", "0", "20"], 1, "nonce 20: fraud never_requested", "21 transfers");
  await expect("audit-cron.mjs, nothing wrong", ["audit-cron.mjs", "0", "6"], 0, "7 transfers");
  for (const library of ["ethers", "viem"]) {
    await expect(`with-${library}.ts`, [`with-${library}.js`, env.TRUST, "main", rpc.main, rpc.service, request.tx, NOW], 0, "transfer 0: proven handled, 2 of 2 votes");
  }

  const heard = [];
  const hook = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    heard.push(JSON.parse(body));
    response.end();
  });
  await new Promise((ready) => hook.listen(0, "127.0.0.1", ready));
  Object.assign(env, { WEBHOOK: `http://127.0.0.1:${hook.address().port}`, LAST: "20", ROUNDS: "2", SECONDS: "0" });
  await expect("bridge-watcher.mjs", ["bridge-watcher.mjs"], 0);
  hook.close();
  const alarms = heard.length === 1 ? heard[0].alarms.map(({ nonce, state }) => `${nonce} ${state}`).join() : `${heard.length} calls`;
  if (alarms === "9 stuck,10 stuck,20 fraud,61 attempted") result.passed += 1;
  else result.failures.push(`bridge-watcher.mjs: ${alarms}`);

  // A README is a promise: its programs run as printed, beside files of the names that they read.
  await cp(join(fixtures, "bundles/handled-coin.spl"), join(project, "transfer.spl"));
  await cp(env.TRUST, join(project, "trust.json"));
  const readme = await readFile(join(project, "node_modules/spanlight/README.md"), "utf8");
  const programsOf = (text) => [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code);
  const shownThere = programsOf(readme);
  const [shown] = programsOf(await readFile(join(here, "../README.md"), "utf8"));
  if (shown === shownThere[0]) result.passed += 1;
  else result.failures.push("the README of the project shows another program than that of the package");
  Object.assign(env, { MAIN_RPC: rpc.main, SERVICE_RPC: rpc.service });
  // The recorded chains have stopped: the programs see the clock of their last block.
  await writeFile(join(project, "clock.mjs"), `const RealDate = Date; globalThis.Date = class extends RealDate { constructor(...a) { a.length ? super(...a) : super(${NOW}000); } static now() { return ${NOW}000; } };`);
  for (const [place, code] of shownThere.entries()) {
    await writeFile(join(project, `readme-${place}.mjs`), code);
    if (place === 0) await cp(join(fixtures, "bundles/handled-coin.trust.json"), join(project, "trust.json"));
    else await cp(env.TRUST, join(project, "trust.json"));
    await expect(`README, program ${place + 1}`, ["--import", "./clock.mjs", `readme-${place}.mjs`], 0, ["transfer 0: proven, handled", "20n fraud 0x", "block 2 of service, sealed by 4 validators"][place]);
  }
  return result;
}

async function withEsbuild(project, file, out, more = {}) {
  const { build } = await import("esbuild");
  await build({ entryPoints: [join(project, file)], bundle: true, format: "esm", outfile: join(out, "main.js"), logLevel: "error", ...more });
}

function asScript(project, file, out) {
  return withEsbuild(project, file, out, { format: "iife" });
}

async function withRollup(project, file, out, conditions = ["browser"], format = "es") {
  const { rollup } = await import("rollup");
  const { default: resolver } = await import("@rollup/plugin-node-resolve");
  const bundle = await rollup({ input: join(project, file), plugins: [resolver({ exportConditions: conditions })], external: /^node:/, onwarn() {} });
  await bundle.write({ file: join(out, format === "cjs" ? "main.cjs" : "main.js"), format });
  await bundle.close();
}

async function leftBehindInNode(project) {
  const result = { passed: 0, failures: [] };
  for (const [name, file, bundle] of [
    ["esbuild", "main.mjs", (out) => withEsbuild(project, "left-behind.mjs", out, { platform: "node", outfile: join(out, "main.mjs") })],
    ["esbuild, CommonJS", "main.cjs", (out) => withEsbuild(project, "left-behind.mjs", out, { platform: "node", format: "cjs", outfile: join(out, "main.cjs") })],
    ["Rollup, CommonJS", "main.cjs", (out) => withRollup(project, "left-behind.mjs", out, ["node"], "cjs")],
  ]) {
    const out = await mkdtemp(join(folder, "left-"));
    await bundle(out);
    const { passed, failures } = await run(execPath, [join(out, file)], out);
    result.passed += passed;
    result.failures.push(...failures.map((failure) => `${name}: ${failure}`));
  }
  return result;
}

async function inJest(project) {
  const modules = join(here, "node_modules");
  await symlink(join(modules, "jest-environment-jsdom"), join(project, "node_modules/jest-environment-jsdom"));
  const config = join(project, "jest.json");
  await writeFile(config, JSON.stringify({ testMatch: ["**/*.test.cjs"], moduleFileExtensions: ["cjs", "js", "json"], transform: {}, haste: { enableSymlinks: false } }));
  const env = { ...process.env, FIXTURES: fixtures };
  const { stdout, stderr } = await exec(execPath, [join(modules, "jest/bin/jest.js"), "--ci", "--json", "--config", config, "--rootDir", project, "--cacheDirectory", join(folder, "jest")], { cwd: project, env, maxBuffer: 1 << 26 }).catch((error) => error);
  const told = JSON.parse(stdout);
  const failures = told.testResults.filter(({ status }) => status !== "passed").map(({ message }) => message);
  if (told.numTotalTests === 0) failures.push(stderr);
  return { passed: told.numPassedTests, failures };
}

async function withWebpack(project, file, out) {
  const { default: webpack } = await import("webpack");
  const stats = await promisify(webpack)({ mode: "production", context: project, entry: join(project, file), output: { path: out, filename: "main.js" }, performance: { hints: false } });
  if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
}

async function withVite(project, file, out) {
  const { build } = await import("vite");
  const input = join(project, "index.html");
  await writeFile(input, `<!doctype html><script type="module" src="./${file}"></script>`);
  await build({ root: project, logLevel: "error", configFile: false, worker: { format: "es" }, build: { outDir: out, emptyOutDir: true, target: "esnext", rollupOptions: { input } } });
}

async function inChromium(project, file, bundle, rpc) {
  const out = join(folder, `bundle-${passed}`);
  await mkdir(out);
  await bundle(project, file, out);
  if (!(await readdir(out)).includes("index.html")) await writeFile(join(out, "index.html"), `<!doctype html><script type="module" src="./main.js"></script>`);
  const address = await serve(out);
  const { chromium } = await import("playwright-core");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(address);
    await page.waitForFunction(() => globalThis.runSuite, undefined, { timeout: 30_000 }).catch((error) => {
      throw new Error(`${error.message} ${problems}`);
    });
    return await page.evaluate((addresses) => {
      globalThis.rpc = addresses;
      return globalThis.runSuite(addresses);
    }, rpc);
  } finally {
    await browser.close();
  }
}

async function inWorkerd(project, rpc) {
  const { Miniflare } = await import("miniflare");
  const { build } = await import("esbuild");
  const out = join(folder, "workerd");
  await build({ entryPoints: [join(project, "workerd.mjs")], bundle: true, format: "esm", outfile: join(out, "main.mjs"), external: ["*.wasm"], logLevel: "error" });
  const parts = ["spanlight.wasm", "spanlight-gathering.wasm"];
  for (const part of parts) await cp(join(project, "node_modules/spanlight/dist/esm", part), join(out, part));
  const bindings = { RPC: JSON.stringify(rpc), FIXTURES: await serve(out) };
  const modules = [{ type: "ESModule", path: join(out, "main.mjs") }, ...parts.map((part) => ({ type: "CompiledWasm", path: join(out, part) }))];
  const miniflare = new Miniflare({ modules, modulesRoot: out, bindings, compatibilityDate: "2026-05-01", cf: false });
  try {
    return await (await miniflare.dispatchFetch("http://localhost/")).json();
  } finally {
    await miniflare.dispose();
  }
}

// A page's files, and the fixtures beside them.
async function serve(root) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = pathname.startsWith("/fixtures/") ? join(fixtures, pathname.slice(10)) : join(root, pathname === "/" ? "index.html" : pathname);
    const content = await readFile(file).catch(() => undefined);
    response.writeHead(content ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(content);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  closing.push(() => server.closeAllConnections() ?? server.close());
  return `http://127.0.0.1:${server.address().port}`;
}
