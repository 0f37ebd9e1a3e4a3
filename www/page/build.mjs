// Builds dist/index.html: the whole page in one file, for any host and for a disk.
//   node build.mjs
// Style and script stand in the file, named by hash in its Content-Security-Policy. The worker, with the WebAssembly module
// inside as text, is a block of text that no browser parses before the page starts it from a blob.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "vite";
import { encode } from "./src/worker/byte-text.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const version = JSON.parse(await readFile(join(here, "package.json"), "utf8")).version;
const [judging, gathering] = await Promise.all(["spanlight", "spanlight-gathering"].map((name) => readFile(join(here, `node_modules/spanlight/dist/esm/${name}.wasm`))));

const worker = await bundle("src/worker/thread.ts");
const app = await bundle("src/main.tsx");
const script = safe(app.script);
const policy = [
  "default-src 'none'",
  `script-src '${hash(script)}' 'wasm-unsafe-eval'`,
  `style-src '${hash(app.style)}'`,
  "img-src data:",
  "worker-src blob:",
  // The user's own endpoints, which nobody knows at build time. The page asks no other address.
  "connect-src http: https:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const parts = {
  policy,
  style: app.style,
  script,
  worker: safe(worker.script).replace("__MODULE__", () => encode(Buffer.concat([length(judging), judging, gathering]))),
};
const template = await readFile(join(here, "src/page.html"), "utf8");
const page = template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);

await rm(join(here, "dist"), { recursive: true, force: true });
await mkdir(join(here, "dist"), { recursive: true });
// Packed beside it, for servers that send files packed beforehand; `spanlight serve` does.
const [gzip, brotli] = [gzipSync(page, { level: 9 }), brotliCompressSync(page)];
await Promise.all(Object.entries({ "": page, ".gz": gzip, ".br": brotli }).map(([ending, content]) => writeFile(join(here, `dist/index.html${ending}`), content)));

const own = Buffer.byteLength(app.style) + Buffer.byteLength(script);
const sizes = { raw: Buffer.byteLength(page), gzip: gzip.length, brotli: brotli.length };
console.log(`dist/index.html: ${Object.entries(sizes).map(([form, bytes]) => `${form} ${bytes}`).join(", ")} bytes, ${own} of them script and style`);

async function bundle(entry) {
  const { output } = [
    await build({
      root: here,
      configFile: false,
      logLevel: "warn",
      define: { __VERSION__: JSON.stringify(version), "process.env.NODE_ENV": '"production"' },
      oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
      build: {
        write: false,
        target: "es2022",
        cssCodeSplit: false,
        lib: { entry: join(here, entry), formats: ["iife"], name: "spanlight", fileName: "out" },
      },
    }),
  ].flat()[0];
  const styles = output.filter((part) => part.fileName.endsWith(".css"));
  const scripts = output.filter((part) => part.type === "chunk");
  if (scripts.length !== 1 || styles.length > 1) throw new Error(`${entry} was built into more than one file`);
  return { script: scripts[0].code.trim(), style: String(styles[0]?.source ?? "").trim() };
}

// Neither end tag nor comment may end the block early.
function safe(code) {
  const escaped = code.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
  return escaped;
}

function length(bytes) {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(bytes.length);
  return four;
}

function hash(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
