// What one transfer costs in Node and in Chromium, against what other libraries need for the same seals in the same run.
//   node packaging_tests/measure.mjs       after the package was built
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { argv, execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { cold, curves, warm } from "./measure-suite.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const bundles = join(here, "../tests/fixtures/bundles");
const dist = join(here, "../www/package/dist/esm");
const names = ["handled-coin", "handled-coin-full", "handled-erc20", "stuck", "fraud-on-main"];

if (argv[2] === "cold") {
  const read = async (path) => new Uint8Array(await readFile(join(bundles, path)));
  console.log(JSON.stringify(await cold(() => import("../www/package/dist/esm/node.js"), read)));
} else await main();

async function main() {
  for (const part of ["spanlight.wasm", "spanlight-gathering.wasm"]) {
    const wasm = await readFile(join(dist, part));
    console.log(`${part}: ${wasm.length} B raw, ${gzipSync(wasm, { level: 9 }).length} B gzip, ${brotliCompressSync(wasm).length} B brotli`);
  }
  const read = async (path) => new Uint8Array(await readFile(join(bundles, path)));
  const node = { cold: [] };
  for (let run = 0; run < 5; run++) {
    const { stdout } = await promisify(execFile)(execPath, [fileURLToPath(import.meta.url), "cold"]);
    node.cold.push(JSON.parse(stdout));
  }
  const spanlight = await import("../www/package/dist/esm/node.js");
  node.warm = await warm(spanlight, read, names);
  node.curves = await curves(spanlight, read);
  show("Node " + process.version, node);
  show("Chromium", await inChromium());
}

function show(where, { cold, warm, curves }) {
  const middle = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)].toFixed(1);
  console.log(`\n${where}\ncold (import, load, first verdict), middle of ${cold.length}: ${middle(cold)} ms`);
  for (const [name, { ms, bytes }] of Object.entries(warm)) console.log(`warm ${name}: ${ms.toFixed(2)} ms, ${bytes} bytes`);
  for (const [name, { us, seals }] of Object.entries(curves)) console.log(`${name}: ${us.toFixed(0)} us each, ${((us * seals) / 1000).toFixed(2)} ms for ${seals} seals`);
}

async function inChromium() {
  const out = await mkdtemp(join(tmpdir(), "spanlight-measure-"));
  const { build } = await import("esbuild");
  await build({ entryPoints: [join(here, "measure-page.mjs")], bundle: true, format: "esm", outfile: join(out, "main.js"), logLevel: "error", external: ["/spanlight/*"], loader: { ".wasm": "binary" } });
  const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = pathname.startsWith("/fixtures/") ? join(bundles, pathname.slice(10)) : pathname.startsWith("/spanlight/") ? join(dist, pathname.slice(11)) : join(out, pathname);
    const content = pathname === "/" ? '<!doctype html><script type="module" src="/main.js"></script>' : await readFile(file).catch(() => undefined);
    response.writeHead(content ? 200 : 404, { "content-type": types[pathname === "/" ? ".html" : extname(file)] ?? "application/octet-stream" });
    response.end(content);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const { chromium } = await import("playwright-core");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const result = { cold: [] };
  try {
    for (let run = 0; run < 5; run++) {
      const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args });
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.waitForFunction(() => globalThis.measure);
      result.cold.push(await page.evaluate(() => globalThis.measure.cold()));
      if (run === 4) Object.assign(result, { warm: await page.evaluate((list) => globalThis.measure.warm(list), names), curves: await page.evaluate(() => globalThis.measure.curves()) });
      await browser.close();
    }
  } finally {
    server.close();
    await rm(out, { recursive: true, force: true });
  }
  return result;
}
