// How the module is cut: what the cutting does not know ends the build, and both parts carry a name of their build.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keepingRelocations, reachedSlots } from "../www/package/reach.mjs";
import { split } from "../www/package/split.mjs";

export async function cut() {
  const result = { passed: 0, failures: [] };
  const check = (what, holds) => (holds ? (result.passed += 1) : result.failures.push(what));
  const folder = await mkdtemp(join(tmpdir(), "spanlight-cut-"));
  try {
    const names = await buildNames(finished(), folder);
    check(`both parts have one name: ${names}`, /^[0-9a-f]{16}$/.test(names[0]) && names[0] === names[1]);
    const others = await buildNames(finished().replace("i32.const 7", "i32.const 8"), folder);
    check("another build has another name", others[0] === others[1] && others[0] !== names[0]);
    for (const [what, more] of Object.entries({
      "a function that runs by itself": " (start $judge)\n",
      "a tag": " (tag $thrown (param i32))\n",
      "a function for nobody known": ` (export "unheard_of" (func $judge))\n`,
      "a global for nobody known": ` (export "unheard_of" (global $stack))\n`,
    })) check(`${what} is cut`, (await buildNames(finished(more), folder).catch((error) => error)) instanceof Error);
    check("what the C library exports is left out", (await buildNames(finished(` (export "rustsecp256k1_v0_14_context_create" (func $judge))\n`), folder)).length === 2);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  const reached = (kind) => reachedSlots(linked(kind), (name) => name === "verify").slots.size;
  check("a pointer to a function is followed", reached(1) === 1);
  check("a global is none", reached(7) === 0);
  for (const kind of [8, 10, 13, 18, 26, 99]) {
    const error = tried(() => reached(kind));
    check(`a relocation of kind ${kind}: ${error}`, error instanceof Error && error.message.includes(`kind ${kind}`));
  }

  const flag = "-Clink-arg=--emit-relocs";
  for (const [env, wanted] of [
    [{}, { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: flag }],
    [{ CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: "-Cx" }, { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: `-Cx ${flag}` }],
    [{ RUSTFLAGS: "-Cx" }, { RUSTFLAGS: `-Cx ${flag}` }],
    [{ RUSTFLAGS: "" }, { RUSTFLAGS: flag }],
    [{ RUSTFLAGS: "-Cx", CARGO_ENCODED_RUSTFLAGS: "-Cy\x1f-Cz" }, { CARGO_ENCODED_RUSTFLAGS: `-Cy\x1f-Cz\x1f${flag}` }],
  ]) check(`flags in ${JSON.stringify(env)}`, JSON.stringify(keepingRelocations(env)) === JSON.stringify(wanted));
  return result;
}

/** By what name each part has the memory. */
async function buildNames(text, folder) {
  const [from, linkedFile, judging, gathering] = ["finished", "linked", "judging", "gathering"].map((name) => join(folder, name));
  await writeFile(linkedFile, linked(1));
  await writeFile(`${from}.wat`, text);
  await split(linkedFile, from, { judging, gathering }, () => {});
  const [first, second] = await Promise.all([judging, gathering].map((part) => readFile(`${part}.wat`, "utf8")));
  return [/\(export "(\w{16})" \(memory/.exec(first)?.[1], /\(import "judging" "(\w+)" \(memory/.exec(second)?.[1]];
}

/** A module as Binaryen writes it, one function in each part. */
const finished = (more = "") => `(module
 (type $0 (func))
 (import "./glue" "say" (func $say (type $0)))
 (global $stack (mut i32) (i32.const 7))
 (memory $0 1)
 (table $0 2 2 funcref)
 (elem $0 (table $0) (i32.const 1) func $judge)
 (export "memory" (memory $0))
 (export "verify" (func $judge))
 (export "prove" (func $gather))
${more} (func $judge (type $0)
  (nop)
 )
 (func $gather (type $0)
  (call $judge)
 )
)
`;

/** A module as the linker leaves it: `verify` has one relocation, to the other function, which has a slot. */
function linked(kind) {
  const text = (name) => [name.length, ...Buffer.from(name)];
  const section = (id, ...content) => [id, content.length, ...content];
  const symbols = [2, 0, 0, 0, ...text("verify"), 0, 0, 1, ...text("other")];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(2, 0),
    ...section(7, 1, ...text("verify"), 0, 0),
    ...section(9, 1, 0, 0x41, 1, 0x0b, 1, 1),
    ...section(10, 2, 2, 0, 0x0b, 2, 0, 0x0b),
    ...section(11, 0),
    ...section(0, ...text("linking"), 2, 8, symbols.length, ...symbols),
    ...section(0, ...text("reloc.CODE"), 3, 1, kind, 3, 1),
    ...section(0, ...text("reloc.DATA"), 4, 0),
  ]);
}

function tried(job) {
  try {
    return job();
  } catch (error) {
    return error;
  }
}
