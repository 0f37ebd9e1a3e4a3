// Builds dist/: the WebAssembly module, its glue, and the TypeScript around it as ES modules and as CommonJS.
//   node build.mjs          everything
//   node build.mjs --ts     without compiling Rust again
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { argv, env } from "node:process";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
const made = join(here, "build");
const dist = join(here, "dist");
const path = [join(here, "node_modules/.bin"), join(root, ".tools/bin"), env.PATH].join(delimiter);

if (!argv.includes("--ts")) {
  // Without binaryen on the path, wasm-pack would leave the module as it is and say nothing.
  run("wasm-opt", ["--version"], here);
  const output = ["--no-pack", "--out-dir", made, "--out-name", "spanlight"];
  run("wasm-pack", ["build", "crates/wasm", "--mode", "no-install", "--profile", "wasm", "--target", "web", ...output], root);
}

await rm(dist, { recursive: true, force: true });
run("tsc", ["-p", "tsconfig.json"], here);
run("tsc", ["-p", "tsconfig.cjs.json"], here);

const wasm = await readFile(join(made, "spanlight_bg.wasm"));
const glue = factory(await readFile(join(made, "spanlight.js"), "utf8"));
const text = JSON.stringify(wasm.toString("base64"));
await put("esm/glue.js", `export ${glue}`);
await put("esm/module-text.js", `export const base64 = ${text};\n`);
await put("esm/spanlight.wasm", wasm);
await put("cjs/glue.js", `"use strict";\n${glue}exports.glue = glue;\n`);
await put("cjs/module-text.js", `"use strict";\nexports.base64 = require("node:fs").readFileSync(require("node:path").join(__dirname, "../esm/spanlight.wasm"), "base64");\n`);
await put("cjs/package.json", `{"type":"commonjs"}\n`);
await cp(join(here, "src/read-module.cjs.txt"), join(dist, "cjs/read-module.js"));
await cp(join(root, "LICENSE-MIT"), join(here, "LICENSE-MIT"));
await cp(join(root, "LICENSE-APACHE"), join(here, "LICENSE-APACHE"));
await cp(join(root, "NOTICE"), join(here, "NOTICE"));

const sizes = { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length, brotli: brotliCompressSync(wasm).length };
console.log(`spanlight.wasm: ${Object.entries(sizes).map(([form, bytes]) => `${form} ${bytes}`).join(", ")} bytes`);

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
  const start = "__wbg_finalize_init(await WebAssembly.instantiate(module, __wbg_get_imports()), module);";
  return `async function glue(module, crashed) {\n${plain.replace(/\n{2,}/g, "\n")}${start}\nreturn { ${names.join(", ")} };\n}\n`;
}

async function put(name, content) {
  await mkdir(dirname(join(dist, name)), { recursive: true });
  await writeFile(join(dist, name), content);
}

function run(program, args, cwd) {
  execFileSync(program, args, { cwd, stdio: ["ignore", "inherit", "inherit"], env: { ...env, PATH: path } });
}
