// Judging without the constants that come late, with the gathering part. Where they are missing their bytes read as zeros, and no
// trap would tell that judging wants one. So it judges with another byte in their place too: every report must stay the same.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [DATA, DATA_COUNT] = [11, 12];
const WRONG = 0xa5;
/** How many bytes of a bundle are changed, one at a time. */
const CHANGED = 4;

export async function late(installed, fixtures) {
  const { glue } = await import(pathToFileURL(join(installed, "dist/esm/glue.js")));
  const [judging, gathering] = await Promise.all(["spanlight.wasm", "spanlight-gathering.wasm"].map((name) => readFile(join(installed, "dist/esm", name))));
  const segments = dataOf(gathering);
  const start = async (bytes) => {
    const running = await glue(await WebAssembly.compile(bytes), () => {});
    return (...call) => tried(() => running.verify(...call));
  };
  const whole = await glue(await WebAssembly.compile(judging), () => {});
  await whole.add(await WebAssembly.compile(gathering));
  const ordinary = (...call) => tried(() => whole.verify(...call));
  const others = { alone: await start(judging), "with other bytes": await start(filled(judging, segments)) };

  const result = { passed: 0, failures: [] };
  const check = (what, holds) => (holds ? (result.passed += 1) : result.failures.push(what));
  check(`constants come late: ${segments.length}`, segments.some(({ length }) => length > 0));
  let given;
  for await (const { name, call } of calls(fixtures)) {
    const wanted = ordinary(...call);
    given ??= { call, wanted };
    for (const [how, verify] of Object.entries(others)) {
      const got = verify(...call);
      check(`${name}, judging ${how}: ${got.slice(0, 200)}, and not ${wanted.slice(0, 200)}`, got === wanted);
    }
  }
  // A constant that judging does read is missed.
  const broken = await start(filled(judging, dataOf(judging))).catch(String);
  check("other bytes in place of judging's own constants are not seen", typeof broken === "string" || broken(...given.call) !== given.wanted);
  return result;
}

/** Every forged and recorded bundle, as it is and with one byte changed. */
async function* calls(fixtures) {
  for (const folder of ["bundles", "forged"]) {
    for (const { bundle, trust, now } of JSON.parse(await readFile(join(fixtures, folder, "index.json"), "utf8"))) {
      const [bytes, text] = [new Uint8Array(await readFile(join(fixtures, folder, bundle))), await readFile(join(fixtures, folder, trust), "utf8")];
      yield { name: bundle, call: [bytes, text, BigInt(now)] };
      const step = Math.ceil(bytes.length / CHANGED);
      for (let place = step >> 1; place < bytes.length; place += step) {
        const changed = bytes.slice();
        changed[place] ^= 1 << place % 8;
        yield { name: `${bundle} with byte ${place} changed`, call: [changed, text, BigInt(now)] };
      }
    }
  }
}

/** The report, or the error, as text. */
function tried(job) {
  try {
    return String(job());
  } catch (error) {
    return `error ${error?.name} ${error?.code} ${error?.message ?? JSON.stringify(error)}`;
  }
}

/** Where a module writes constants when it starts, and how many bytes. */
function dataOf(bytes) {
  const section = sections(bytes).find(({ id }) => id === DATA);
  if (section === undefined) return [];
  const reader = read(bytes, section.first);
  return Array.from({ length: reader.number() }, () => {
    if (reader.number() !== 0 || reader.byte() !== 0x41) throw new Error("a segment of another kind than constants at a fixed address");
    const address = reader.number(true);
    if (reader.byte() !== 0x0b) throw new Error("an address that is worked out");
    const length = reader.number();
    reader.skip(length);
    return { address, length };
  });
}

/** The module with [`WRONG`] in these places. */
function filled(bytes, segments) {
  const more = segments.flatMap(({ address, length }) => [0, 0x41, ...signed(address), 0x0b, ...unsigned(length), ...Array(length).fill(WRONG)]);
  const parts = sections(bytes).map(({ id, begin, first, end }) => {
    if (id !== DATA && id !== DATA_COUNT) return bytes.subarray(begin, end);
    const reader = read(bytes, first);
    const count = unsigned(reader.number() + segments.length);
    const content = id === DATA_COUNT ? count : [...count, ...bytes.subarray(reader.place(), end), ...more];
    return Uint8Array.from([id, ...unsigned(content.length), ...content]);
  });
  return Buffer.concat([bytes.subarray(0, 8), ...parts]);
}

function sections(bytes) {
  const found = [];
  const reader = read(bytes, 8);
  while (reader.place() < bytes.length) {
    const begin = reader.place();
    const id = reader.byte();
    const length = reader.number();
    const first = reader.place();
    reader.skip(length);
    found.push({ id, begin, first, end: reader.place() });
  }
  return found;
}

function read(bytes, place) {
  const byte = () => bytes[place++];
  const number = (isSigned = false) => {
    let [value, shift, next] = [0, 0, 0];
    do {
      next = byte();
      value += (next & 0x7f) * 2 ** shift;
      shift += 7;
    } while (next & 0x80);
    return isSigned && next & 0x40 ? value - 2 ** shift : value;
  };
  return { byte, number, place: () => place, skip: (length) => (place += length) };
}

function unsigned(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 0x80))];
}

/** A number from zero on: its highest bit would be a sign. */
function signed(value) {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(Math.floor(value / 0x80))];
}
