// Puts functions that are alike beside each other. gzip remembers 32 kB of ten times as much code, so what it finds again depends on
// the order; nothing else does. Binaryen's text names functions, so that in it lines may change places.
import { readFile, writeFile } from "node:fs/promises";
import { readFunctions } from "./reach.mjs";
import { FEATURES } from "./split.mjs";

// Tried: 3 to 8 bytes at a time, 4 to 28 kB. Without the last, functions of three instructions would come first.
const [ALIKE, REMEMBERED, SMALL] = [6, 16_000, 10];

/** Orders the functions of a module in place. */
export async function order(file, run) {
  const text = `${file}.wat`;
  run("wasm-dis", [file, ...FEATURES, "-o", text]);
  const items = (await readFile(text, "utf8")).replace(/\)\s*$/, "").split(/^(?= \()/m);
  const isFunction = (item) => item.startsWith(" (func ");
  const functions = items.filter(isFunction);
  const bodies = readFunctions(await readFile(file));
  if (functions.length !== bodies.length) throw new Error(`${file}: ${functions.length} functions in the text of ${bodies.length}`);
  const ordered = likeness(bodies).map((place) => functions[place]);
  await writeFile(text, [...items.filter((item) => !isFunction(item)), ...ordered, ")\n"].join(""));
  run("wasm-as", [text, ...FEATURES, "-o", file]);
}

/** Places of `bodies`: each time the one with the largest share of what the last ones hold. */
export function likeness(bodies) {
  const held = bodies.map(pieces);
  const holders = new Map();
  for (const [place, set] of held.entries()) {
    for (const piece of set) holders.set(piece, [...(holders.get(piece) ?? []), place]);
  }
  const shared = bodies.map(() => 0);
  const remembered = new Map();
  const count = (place, change) => {
    for (const piece of held[place]) {
      const before = remembered.get(piece) ?? 0;
      remembered.set(piece, before + change);
      if (before === 0 || before + change === 0) for (const holder of holders.get(piece)) shared[holder] += change;
    }
  };
  const left = new Set(bodies.keys());
  const [placed, recent] = [[], []];
  for (let size = 0; left.size > 0; ) {
    let [next, best] = [undefined, -1];
    for (const place of left) {
      const share = shared[place] / (held[place].size + SMALL);
      if (share > best) [next, best] = [place, share];
    }
    left.delete(next);
    placed.push(next);
    recent.push(next);
    count(next, 1);
    for (size += bodies[next].length; size > REMEMBERED && recent.length > 1; ) {
      const forgotten = recent.shift();
      size -= bodies[forgotten].length;
      count(forgotten, -1);
    }
  }
  return placed;
}

function pieces(body) {
  const text = Buffer.from(body).toString("latin1");
  return new Set(Array.from({ length: Math.max(0, text.length - ALIKE + 1) }, (_, at) => text.slice(at, at + ALIKE)));
}
