// How the module is cut: what the cutting does not know ends the build, and both parts carry a name of their build.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { likeness } from "../www/package/order.mjs";
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
    const constants = ` (data $0 (i32.const 16) "ab\\00\\ff")\n`;
    const [first, second] = (await cutTexts(finished(constants), folder, linked(3, DATA))).map((text) => /\(data .*/.exec(text)?.[0]);
    check(`judging has the constants that it reaches: ${first}`, first === `(data (memory $0) (i32.const 16) "\\61\\62")`);
    check(`gathering brings the others: ${second}`, second === `(data (memory $0) (i32.const 18) "\\00\\ff")`);
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

  const constants = (symbol) => String([...reachedSlots(linked(3, DATA, symbol), (name) => name === "verify").others]);
  check(`constants that nothing reached points to: ${constants(2)}`, constants(2) === "18,19");
  check(`behind a datum of no size all is reached: ${constants(4)}`, constants(4) === "16");
  check("what may be written to stays with judging", reachedSlots(linked(3, DATA, 3, ".data"), (name) => name === "verify").others.size === 0);

  const bodies = ["one body", "nothing alike", "one body more", "nothing alike either"].map((text) => Buffer.from(text));
  check(`functions that are alike stand together: ${likeness(bodies)}`, String(likeness(bodies)) === "0,2,1,3");

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

/** Both parts, before Binaryen makes them smaller. */
async function cutTexts(text, folder, module = linked(1)) {
  const [from, linkedFile, judging, gathering] = ["finished", "linked", "judging", "gathering"].map((name) => join(folder, name));
  await writeFile(linkedFile, module);
  await writeFile(`${from}.wat`, text);
  await split(linkedFile, from, { judging, gathering }, () => {});
  return Promise.all([judging, gathering].map((part) => readFile(`${part}.wat`, "utf8")));
}

/** By what name each part has the memory. */
async function buildNames(text, folder) {
  const [first, second] = await cutTexts(text, folder);
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

// Four bytes of constants at address 16. Of the symbols the third holds two of them, the fourth the others; the fifth has no size.
const DATA = [1, 0, 0x41, 16, 0x0b, 4, 1, 2, 3, 4];

/** A module as the linker leaves it: `verify` has one relocation, to another symbol. The other function has a slot. */
function linked(kind, data = [0], symbol = data === DATA ? 2 : 1, named = ".rodata") {
  const text = (name) => [name.length, ...Buffer.from(name)];
  const section = (id, ...content) => [id, content.length, ...content];
  const datum = (name, offset, size) => [1, 0, ...text(name), 0, offset, size];
  const symbols = [5, 0, 0, 0, ...text("verify"), 0, 0, 1, ...text("other"), ...datum("a", 0, 2), ...datum("b", 2, 2), ...datum("c", 1, 0)];
  const names = [1, 0, ...text(named)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(2, 0),
    ...section(7, 1, ...text("verify"), 0, 0),
    ...section(9, 1, 0, 0x41, 1, 0x0b, 1, 1),
    ...section(10, 2, 2, 0, 0x0b, 2, 0, 0x0b),
    ...section(11, ...data),
    ...section(0, ...text("linking"), 2, 8, symbols.length, ...symbols),
    ...section(0, ...text("reloc.CODE"), 3, 1, kind, 3, symbol, ...(kind === 3 ? [0] : [])),
    ...section(0, ...text("reloc.DATA"), 4, 0),
    ...section(0, ...text("name"), 9, names.length, ...names),
  ]);
}

function tried(job) {
  try {
    return job();
  } catch (error) {
    return error;
  }
}
