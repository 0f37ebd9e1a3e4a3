// Builds dist/: the WebAssembly module, its glue, and the TypeScript around it as ES modules and as CommonJS.
//   node build.mjs          everything
//   node build.mjs --ts     without compiling Rust again
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, dirname, join } from "node:path";
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { order } from "./order.mjs";
import { keepingRelocations, withoutLinking } from "./reach.mjs";
import { OPTIMIZING, split } from "./split.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const made = join(here, "build");
const dist = join(here, "dist");
const path = [join(here, "node_modules/.bin"), join(root, ".tools/bin"), env.PATH].join(delimiter);

// The glue calls either part by `wasm`.
const START = `const imports = __wbg_get_imports();
__wbg_finalize_init(await WebAssembly.instantiate(judging, imports), judging);
const first = wasm;
async function add(gathering) {
// Without any import from judging it would be an instance by itself.
if (!WebAssembly.Module.imports(gathering).some(({ module }) => module === "judging")) throw new WebAssembly.LinkError("not the part that gathers");
const { exports } = await WebAssembly.instantiate(gathering, { ...imports, judging: first });
wasm = { ...first, ...exports };
}`;

// Judging first: all that most users load.
const parts = { judging: join(made, "spanlight.wasm"), gathering: join(made, "spanlight-gathering.wasm") };

if (!argv.includes("--ts")) await compileRust();

await rm(dist, { recursive: true, force: true });
run("tsc", ["-p", "tsconfig.json"], here);
run("tsc", ["-p", "tsconfig.cjs.json"], here);

const glue = factory(await readFile(join(made, "spanlight.js"), "utf8"));
await put("esm/glue.js", `export ${glue}`);
await put("cjs/glue.js", `"use strict";\n${glue}exports.glue = glue;\n`);
const texts = { esm: "", cjs: `"use strict";\nconst { join } = require("node:path");\nconst text = (name) => require("node:fs").readFileSync(join(__dirname, "../esm", name), "base64");\n` };
for (const [part, file] of Object.entries(parts)) {
  texts.esm += `export const ${part} = "${(await readFile(file)).toString("base64")}";\n`;
  texts.cjs += `exports.${part} = text("${basename(file)}");\n`;
}
for (const [kind, text] of Object.entries(texts)) await put(`${kind}/module-text.js`, text);
await put("cjs/package.json", `{"type":"commonjs"}\n`);
for (const name of ["read-module", "start-thread"]) await cp(join(here, `src/${name}.cjs.txt`), join(dist, `cjs/${name}.js`));
await putTomlParser();
await bringCoders();
await cp(join(root, "LICENSE-MIT"), join(here, "LICENSE-MIT"));
await cp(join(root, "LICENSE-APACHE"), join(here, "LICENSE-APACHE"));
await cp(join(root, "NOTICE"), join(here, "NOTICE"));

const budget = Number(await readFile(join(root, "tests/budgets/wasm-gzip-bytes.txt"), "utf8"));
for (const file of Object.values(parts)) {
  const wasm = await readFile(file);
  await put(`esm/${basename(file)}`, wasm);
  const sizes = { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length, brotli: brotliCompressSync(wasm).length };
  console.log(`${basename(file)}: ${Object.entries(sizes).map(([form, bytes]) => `${form} ${bytes}`).join(", ")} bytes`);
  if (!(sizes.gzip > 0 && sizes.gzip <= budget)) throw new Error(`${basename(file)}: ${sizes.gzip} bytes by gzip, and the budget is ${budget}`);
}

async function compileRust() {
  const output = ["--no-pack", "--no-opt", "--out-dir", made, "--out-name", "spanlight"];
  run("wasm-pack", ["build", "crates/wasm", "--mode", "no-install", "--profile", "wasm", "--target", "web", ...output], root, keepingRelocations(env));
  const [linked, bound, finished] = [join(target(), "wasm32-unknown-unknown/wasm/spanlight_wasm.wasm"), join(made, "spanlight_bg.wasm"), join(made, "finished.wasm")];
  await writeFile(bound, withoutLinking(await readFile(bound)));
  run("wasm-opt", [bound, ...OPTIMIZING, "-o", finished], here);
  const tool = (program, args) => run(program, args, here);
  await split(linked, finished, parts, tool);
  for (const file of Object.values(parts)) await order(file, tool);
}

/** Where cargo puts what it makes. */
function target() {
  const told = execFileSync("cargo", ["metadata", "--format-version=1", "--no-deps"], { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 });
  return JSON.parse(told).target_directory;
}

// wasm-bindgen's glue keeps one instance in variables of its module. As a function it can be run again after a crash, in
// any module format, and it loads nothing by itself.
function factory(source) {
  const loader = source.indexOf("async function __wbg_load");
  const body = source.slice(0, loader);
  const names = [...body.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  const task = "queueMicrotask(arg0);";
  if (loader < 0 || names.length === 0 || !body.includes(task)) throw new Error("wasm-bindgen writes another glue than this script knows");
  const guarded = "queueMicrotask(() => { try { arg0(); } catch (cause) { crashed(cause); } });";
  const plain = body.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^export function/gm, "function").replace(task, guarded);
  return `async function glue(judging, crashed) {\n${plain.replace(/\n{2,}/g, "\n")}${START}\nreturn { add, ${names.join(", ")} };\n}\n`;
}

// smol-toml as it is, without what writes TOML. Its licence stands at the top of each of its files.
async function putTomlParser() {
  const from = join(here, "node_modules/smol-toml/dist");
  for (const name of ["date", "error", "extract", "parse", "primitive", "struct", "util"]) await put(`esm/smol-toml/${name}.js`, await readFile(join(from, `${name}.js`)));
  await put("esm/toml-parser.js", `export { parse } from "./smol-toml/parse.js";\n`);
  await cp(join(from, "index.cjs"), join(dist, "cjs/toml-parser.js"));
}

// Jest's sandbox of a browser has no coders of text, though it runs in Node: what is required takes them from there.
async function bringCoders() {
  for (const name of await readdir(join(dist, "cjs"))) {
    if (!name.endsWith(".js")) continue;
    const code = await readFile(join(dist, "cjs", name), "utf8");
    if (/\bnew Text(De|En)coder\b/.test(code)) await put(`cjs/${name}`, code.replace(/^"use strict";\n/, `$&const { TextDecoder, TextEncoder } = require("node:util");\n`));
  }
}

async function put(name, content) {
  await mkdir(dirname(join(dist, name)), { recursive: true });
  await writeFile(join(dist, name), content);
}

function run(program, args, cwd, more = {}) {
  execFileSync(program, args, { cwd, stdio: ["ignore", "inherit", "inherit"], env: { ...env, ...more, PATH: path } });
}
