// Runs a test program built for wasm32-wasip1: node tests/wasm/wasi.mjs <program.wasm> [arguments]
// `cargo test -p spanlight --lib --target wasm32-wasip1` calls it. The program sees the folder that it was started in, for the
// fixtures, and nothing else.
import { readFile } from "node:fs/promises";
import { argv, cwd, exit } from "node:process";
import { WASI } from "node:wasi";

const [path, ...rest] = argv.slice(2);
const here = cwd();
const wasi = new WASI({ version: "preview1", args: [path, ...rest], preopens: { ".": here, [here]: here }, returnOnExit: true });
const { instance } = await WebAssembly.instantiate(await readFile(path), wasi.getImportObject());

let code = 1;
try {
  code = wasi.start(instance);
} catch (error) {
  // A failed test ends the program here, since WebAssembly cannot unwind; `--no-capture` shows which and why.
  console.error(`${error}`);
}
exit(code);
