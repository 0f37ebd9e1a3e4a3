// Which slots of a module's function table some of its exports reach: by calls, by pointers to functions, and by data that
// holds such pointers. In finished code a pointer is a number like any other; what tells them apart is what the linker was
// told of each (`--emit-relocs`), so this reads the module as the linker left it. Neither wasm-bindgen nor wasm-opt moves a slot.
// https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md

// Kinds of relocations, by what the number at the place means.
const TO_FUNCTION = [0, 1, 2, 12];
const TO_DATA = [3, 4, 5, 11];
// Types, globals and tables. Of any other kind nobody knows here whether it leads to a function.
const TO_NEITHER = [6, 7, 20];

/**
 * The variable that has the linker note what is read here, beside what the environment asks of the compiler already: cargo
 * reads the first of these that is set, and no other.
 */
export function keepingRelocations(env) {
  const flag = "-Clink-arg=--emit-relocs";
  const own = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";
  const name = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"].find((one) => env[one] !== undefined) ?? own;
  return { [name]: [env[name], flag].filter(Boolean).join(name === "CARGO_ENCODED_RUSTFLAGS" ? "\x1f" : " ") };
}

/**
 * What is reached from the exports that `isRoot` names: `slots` of the table, all in all `size` of them. `others` are the constants
 * that are not reached, by the address of each byte.
 */
export function reachedSlots(bytes, isRoot) {
  const sections = readSections(bytes);
  const custom = (name) => sections.find((section) => section.name === name) ?? missing(name);
  const standard = (id) => sections.find((section) => section.id === id) ?? missing(id);
  const symbols = readSymbols(custom("linking"));
  const imported = readImports(standard(2));
  const functions = ranges(readBodies(standard(10)), readRelocations(custom("reloc.CODE")));
  const segments = readSegments(standard(11));
  const inData = readRelocations(custom("reloc.DATA"));

  const followed = new Set(readExports(standard(7)).filter(({ name }) => isRoot(name)).map(({ index }) => `function ${index}`));
  const follow = ({ kind, symbol }) => {
    const to = symbols[symbol];
    if (TO_FUNCTION.includes(kind)) followed.add(`function ${to.index}`);
    // A datum of no size is where others begin: everything behind it counts.
    else if (TO_DATA.includes(kind) && to.segment !== undefined) followed.add(`data ${to.segment} ${to.offset} ${to.size || Infinity}`);
  };
  const pointed = new Set();
  for (const place of followed) {
    const [what, first, offset, size] = place.split(" ");
    const found = what === "function" ? (functions[Number(first) - imported] ?? []) : within(inData, segments[first], Number(offset), Number(size));
    for (const relocation of found) {
      follow(relocation);
      if (TO_FUNCTION.includes(relocation.kind) && relocation.kind !== 0) pointed.add(symbols[relocation.symbol].index);
    }
  }
  const table = readTable(standard(9));
  const slots = new Set(table.flatMap(({ slot, index }) => (pointed.has(index) ? [slot] : [])));
  return { size: table.length, slots, others: unreached(segments, sections, followed) };
}

/** Of what nobody writes to: it may be put in its place late, and twice. Padding between constants counts as unreached. */
function unreached(segments, sections, followed) {
  const constant = readSegmentNames(sections).map((name) => name === ".rodata");
  const addresses = new Set();
  for (const [place, { address, start, end }] of segments.entries()) {
    if (constant[place]) for (let at = address; at < address + end - start; at += 1) addresses.add(at);
  }
  for (const place of followed) {
    const [what, segment, offset, size] = place.split(" ");
    if (what !== "data" || !constant[segment]) continue;
    const { address, start, end } = segments[segment];
    const last = Math.min(Number(offset) + Number(size), end - start);
    for (let at = Number(offset); at < last; at += 1) addresses.delete(address + at);
  }
  return addresses;
}

/** The code of each function that is not imported. */
export function readFunctions(bytes) {
  const code = readSections(bytes).find(({ id }) => id === 10) ?? missing(10);
  return readBodies(code).map(({ start, end }) => bytes.subarray(code.start + start, code.start + end));
}

/** The module without what only a linker reads: wasm-bindgen leaves it in, and it is not true any more. */
export function withoutLinking(bytes) {
  const kept = readSections(bytes).filter(({ name }) => name === undefined || !/^(linking|reloc\.)/.test(name));
  return Buffer.concat([bytes.subarray(0, 8), ...kept.map(({ from, end }) => bytes.subarray(from, end))]);
}

function missing(section) {
  throw new Error(`the linked module has no section ${section}: it must be linked with --emit-relocs and not be stripped`);
}

class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    Object.assign(this, { bytes, at, end, start: at });
  }

  byte() {
    return this.bytes[this.at++];
  }

  // Signed numbers are only skipped.
  number() {
    let [value, shift] = [0, 1];
    for (;;) {
      const byte = this.byte();
      value += (byte & 127) * shift;
      if (byte < 128) return value;
      shift *= 128;
    }
  }

  text() {
    const length = this.number();
    return Buffer.from(this.bytes.subarray(this.at, (this.at += length))).toString();
  }

  list(item) {
    return Array.from({ length: this.number() }, () => item(this));
  }

  *parts() {
    while (this.at < this.end) {
      const from = this.at;
      const id = this.byte();
      const length = this.number();
      const part = new Reader(this.bytes, this.at, this.at + length);
      this.at = part.end;
      yield Object.assign(part, { id, from });
    }
  }
}

function readSections(bytes) {
  const sections = [...new Reader(bytes, 8).parts()];
  for (const section of sections) if (section.id === 0) section.name = section.text();
  return sections;
}

function readSymbols(linking) {
  linking.number();
  for (const part of linking.parts()) if (part.id === 8) return part.list(readSymbol);
  return missing("linking");
}

function readSymbol(from) {
  const [kind, flags] = [from.byte(), from.number()];
  const [isUndefined, isNamed] = [(flags & 0x10) !== 0, (flags & 0x40) !== 0];
  if (kind === 3) return { section: from.number() };
  if (kind === 1) {
    from.text();
    return isUndefined ? {} : { segment: from.number(), offset: from.number(), size: from.number() };
  }
  const index = from.number();
  if (!isUndefined || isNamed) from.text();
  return { index };
}

function readRelocations(section) {
  section.number();
  return section.list((from) => {
    const relocation = { kind: from.byte(), offset: from.number(), symbol: from.number() };
    if (TO_DATA.includes(relocation.kind)) from.number();
    else if (![...TO_FUNCTION, ...TO_NEITHER].includes(relocation.kind)) throw new Error(`a relocation of kind ${relocation.kind}`);
    return relocation;
  });
}

/** How many functions are imported: the first numbers are theirs. */
function readImports(section) {
  const limits = (from) => (from.number() & 1 ? [from.number(), from.number()] : [from.number()]);
  const kinds = section.list((from) => {
    from.text();
    from.text();
    const kind = from.byte();
    if (kind === 0) from.number();
    else if (kind === 2) limits(from);
    else if (kind === 3) from.at += 2;
    else if (kind === 1) (from.byte(), limits(from));
    else throw new Error(`an import of kind ${kind}`);
    return kind;
  });
  return kinds.filter((kind) => kind === 0).length;
}

function readExports(section) {
  const all = section.list((from) => ({ name: from.text(), kind: from.byte(), index: from.number() }));
  return all.filter(({ kind }) => kind === 0);
}

function readBodies(section) {
  return section.list((from) => {
    const length = from.number();
    const start = from.at - section.start;
    from.at += length;
    return { start, end: start + length };
  });
}

/** Where the bytes of each segment begin in the section, and at which address. */
function readSegments(section) {
  return section.list((from) => {
    if (from.number() !== 0) throw new Error("a data segment that is not placed by the linker");
    const address = readOffset(from);
    const length = from.number();
    const start = from.at - section.start;
    from.at += length;
    return { address, start, end: start + length };
  });
}

function readSegmentNames(sections) {
  const names = sections.find(({ name }) => name === "name");
  for (const part of names?.parts() ?? []) if (part.id === 9) return part.list((from) => (from.number(), from.text()));
  return [];
}

function readTable(section) {
  const segments = section.list((from) => {
    if (from.number() !== 0) throw new Error("an element segment of another kind than the linker writes");
    const first = readOffset(from);
    return from.list((list) => list.number()).map((index, place) => ({ slot: first + place, index }));
  });
  return segments.flat();
}

/** The value of `i32.const`. */
function readOffset(from) {
  if (from.byte() !== 0x41) throw new Error("a segment whose place is no constant");
  const first = from.at;
  const value = from.number();
  // One that is negative has this bit in its last byte, and is nowhere.
  if (from.bytes[from.at - 1] & 0x40) throw new Error(`a segment whose place is negative, at byte ${first}`);
  if (from.byte() !== 0x0b) throw new Error("a segment whose place is no constant");
  return value;
}

/** The relocations in each range; both ascend. */
function ranges(list, relocations) {
  let next = 0;
  return list.map(({ end }) => {
    const first = next;
    while (next < relocations.length && relocations[next].offset < end) next += 1;
    return relocations.slice(first, next);
  });
}

function within(relocations, { start, end }, offset, size) {
  const last = Math.min(start + offset + size, end);
  return relocations.filter((relocation) => relocation.offset >= start + offset && relocation.offset < last);
}
