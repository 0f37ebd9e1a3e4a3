// Cuts the module in two parts of one program, which share memory and function table: `judging`, and `gathering`, which nobody
// loads who only judges bundles. A function is in one of them only.
//
// What judging may ever run is followed from its exports: in the finished code by calls; what it calls through the table,
// by what the linker knew of pointers (reach.mjs). All else gathers. Should a slot of gathering be called before that part
// is there, the slot is empty and the call traps: never a wrong verdict. Constants that judging does not reach come with
// gathering too; no code of judging has their address.
//
// Both agree on addresses, so parts of two builds would write over each other. They share the memory by a name of this build:
// no engine links a part of another one.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { reachedSlots } from "./reach.mjs";

const USED = ["bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/** What Rust uses of WebAssembly by default, for Binaryen: its text form does not say. */
export const FEATURES = USED.map((name) => `--enable-${name}`);

/**
 * -O3 packs half a percent worse than -Oz, and is a third faster. Inlining makes it one percent larger: what is worth it, the compiler
 * has inlined before.
 */
export const OPTIMIZING = ["-O3", ...["always", "flexible", "one-caller"].map((which) => `--${which}-inline-max-function-size=0`), ...FEATURES];

// wasm-bindgen gives a suffix to what it is to wrap. What begins with two underscores is its own, and both parts need it.
const JUDGING = /^(verify|panic_for_tests)(_[0-9a-f]{16})?$|^__(wbindgen_(?!describe|skip)|externref_)/;
const GATHERING = /^((audit|header_bytes|inspect|light_client_(advance|restore|start)|prove|sync)(_[0-9a-f]{16})?|wasm_bindgen__convert__closures_\w+)$/;
// What nobody calls: the C library exports it, and wasm-bindgen for ways of ending that are not used here.
const FOR_NOBODY = /^(rustsecp256k1_\w+|__abort_handler|__instance_terminated)$/;
const KINDS = ["type", "import", "global", "memory", "data", "table", "elem", "export", "func"];

/**
 * @param {string} linked - path of the module as the linker left it
 * @param {string} finished - path of the same module after wasm-bindgen and wasm-opt
 * @param {{ judging: string, gathering: string }} parts - where they are written
 * @param {(program: string, args: string[]) => void} run
 */
export async function split(linked, finished, parts, run) {
  const text = `${finished}.wat`;
  run("wasm-dis", [finished, "-o", text]);
  const module = readModule(await readFile(text, "utf8"));
  const reached = reachedSlots(await readFile(linked), (name) => JUDGING.test(name));
  // A number of slots that differs would mean that slots have moved.
  if (module.slots.length !== reached.size) throw new Error(`${reached.size} slots were linked, and ${module.slots.length} are left`);
  const judging = closure([...exported(module, JUDGING), ...module.slots.filter(({ slot }) => reached.slots.has(slot)).map(({ name }) => name)], module);
  for (const name of exported(module, GATHERING)) if (judging.has(name)) throw new Error(`judging reaches ${name}, which gathers`);
  module.build = createHash("sha256").update([module.text, ...judging].join()).digest("hex").slice(0, 16);
  const isLate = (address) => reached.others.has(address);
  const texts = { judging: writeJudging(module, judging, isLate), gathering: writeGathering(module, judging, isLate) };
  for (const [part, content] of Object.entries(texts)) {
    await writeFile(`${parts[part]}.wat`, content);
    run("wasm-opt", [`${parts[part]}.wat`, ...OPTIMIZING, "-o", parts[part]]);
  }
}

/** The items of Binaryen's text: each begins on a line that is indented by one space. */
function readModule(text) {
  const items = text.slice(0, text.lastIndexOf(")")).split(/^(?= \()/m).slice(1);
  // What is not known would be in neither part.
  for (const item of items) if (!KINDS.includes(/^ \((\w*)/.exec(item)?.[1])) fail(item);
  const of = (kind) => items.filter((item) => item.startsWith(` (${kind} `));
  const match = (pattern) => (item) => pattern.exec(item)?.slice(1) ?? fail(item);
  const imports = of("import").map((item) => ({ item, name: match(/\(func (\$[^\s)]+)/)(item)[0] }));
  const functions = of("func").map((item) => {
    const [name, type] = match(/^ \(func (\S+)((?: \((?:param|result|type) [^)]*\))*)/)(item);
    const called = [...item.matchAll(/\((?:call|return_call|ref\.func) (\$[^\s)]+)/g)].map(([, callee]) => callee);
    return { item, name, type, calls: new Set(called) };
  });
  const exports = of("export").map((item) => {
    const [as, kind, name] = match(/^ \(export "(.*?)" \((\w+) (\$[^\s)]+)/)(item);
    const isShared = kind === "memory" || kind === "table";
    if (!isShared && ![JUDGING, GATHERING, FOR_NOBODY].some((known) => known.test(as))) throw new Error(`nobody said which part exports ${as}`);
    return { item, as, kind, name };
  });
  const [element, ...others] = of("elem");
  if (element === undefined || others.length > 0) throw new Error("one list of table slots is expected");
  const [table, first, names] = match(/^ \(elem \S+ \(table (\S+)\) \(i32\.const (\d+)\) func ([^)]*)/)(element);
  const slots = names.split(" ").map((name, place) => ({ slot: Number(first) + place, name }));
  const data = of("data").map((item) => {
    const [first, content] = match(/^ \(data \S+ \(i32\.const (\d+)\) "(.*)"\)$/m)(item);
    return { first: Number(first), bytes: readBytes(content) };
  });
  return { text, of, imports, functions, exports, table, slots, data };
}

function fail(item) {
  throw new Error(`Binaryen writes another text than this script knows: ${item.slice(0, 200)}`);
}

const exported = ({ exports }, pattern) => exports.filter(({ as, kind }) => kind === "func" && pattern.test(as)).map(({ name }) => name);

function closure(roots, { functions }) {
  const calls = new Map(functions.map((one) => [one.name, one.calls]));
  const reached = new Set(roots);
  for (const name of reached) for (const callee of calls.get(name) ?? []) reached.add(callee);
  return reached;
}

/** The slots of one part, in runs without a gap. */
function elements({ table, slots }, isHere) {
  const runs = [];
  for (const { slot, name } of slots.filter(isHere)) {
    const run = runs.at(-1);
    if (run !== undefined && run.first + run.names.length === slot) run.names.push(name);
    else runs.push({ first: slot, names: [name] });
  }
  return runs.map(({ first, names }) => ` (elem (table ${table}) (i32.const ${first}) func ${names.join(" ")})\n`);
}

const ESCAPED = { t: 9, n: 10, r: 13, '"': 34, "'": 39, "\\": 92 };

/** The bytes of a string as Binaryen writes it. */
function readBytes(content) {
  return [...content.matchAll(/\\([0-9a-f]{2})|\\(.)|([ -~])/gs)].map(([all, hex, escaped, plain]) => {
    if (hex !== undefined) return parseInt(hex, 16);
    return plain?.charCodeAt(0) ?? ESCAPED[escaped] ?? fail(all);
  });
}

/** The bytes of one part, in runs without a gap. Binaryen leaves out of memory of its own what is zero. */
function constants({ of, data }, isHere) {
  const [memory] = of("memory").map((item) => /^ \(memory (\S+)/.exec(item)?.[1] ?? fail(item));
  const runs = [];
  for (const { first, bytes } of data) {
    for (const [place, byte] of bytes.entries()) {
      const address = first + place;
      if (!isHere(address)) continue;
      const run = runs.at(-1);
      if (run !== undefined && run.first + run.bytes.length === address) run.bytes.push(byte);
      else runs.push({ first: address, bytes: [byte] });
    }
  }
  const text = (bytes) => bytes.map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return runs.map(({ first, bytes }) => ` (data (memory ${memory}) (i32.const ${first}) "${text(bytes)}")\n`);
}

function writeJudging(module, judging, isLate) {
  const { of, imports, functions, exports } = module;
  const isHere = ({ name }) => judging.has(name);
  return [
    "(module\n",
    ...of("type"),
    ...lines(imports.filter(isHere)),
    ...of("global"),
    ...of("memory"),
    ...constants(module, (address) => !isLate(address)),
    ...of("table"),
    ...elements(module, isHere),
    ...lines(exports.filter(({ as }) => !GATHERING.test(as) && !FOR_NOBODY.test(as))),
    ...shared(module, judging).map(({ alias, kind, name }) => ` (export "${alias}" (${kind} ${name}))\n`),
    ...lines(functions.filter(isHere)),
    ")\n",
  ].join("");
}

function writeGathering(module, judging, isLate) {
  const { of, imports, functions, exports } = module;
  const isHere = ({ name }) => !judging.has(name);
  const called = calledBy(functions.filter(isHere));
  return [
    "(module\n",
    ...of("type"),
    ...lines(imports.filter((one) => isHere(one) || called.has(one.name))),
    ...shared(module, judging).map(({ alias, kind, name, type }) => ` (import "judging" "${alias}" (${kind} ${name} ${type}))\n`),
    ...constants(module, isLate),
    ...elements(module, isHere),
    ...lines(exports.filter(({ as }) => GATHERING.test(as))),
    ...lines(functions.filter(isHere)),
    ")\n",
  ].join("");
}

/** What gathering uses of judging: functions, and memory, tables and what changes of the globals, so that both work on the same. */
function shared({ build, of, functions }, judging) {
  const called = calledBy(functions.filter(({ name }) => !judging.has(name)));
  const own = functions.filter(({ name }) => judging.has(name) && called.has(name)).map(({ name, type }) => ({ kind: "func", name, type }));
  const state = ["memory", "table", "global"].flatMap((kind) => of(kind).map((item) => {
    const [name, type] = new RegExp(`^ \\(${kind} (\\S+) (.*)\\)$`, "m").exec(item)?.slice(1) ?? fail(item);
    // Behind the type of a global stands its first value.
    return { kind, name, type: kind === "global" ? (/^\(mut \w+\)/.exec(type)?.[0] ?? "") : type };
  }));
  // Counted, since short names in order pack well; no other export is as short.
  return [...own, ...state.filter(({ type }) => type !== "")].map((one, place) => ({ ...one, alias: one.kind === "memory" ? build : place.toString(36) }));
}

const calledBy = (functions) => new Set(functions.flatMap(({ calls }) => [...calls]));
const lines = (list) => list.map(({ item }) => item);
