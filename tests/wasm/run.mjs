// Tries the core as WebAssembly in Node, against values of a real node: node tests/wasm/run.mjs <module.wasm>
// Prints one line for each failure; the last line is the count.
import { readFile } from "node:fs/promises";
import { argv, exit } from "node:process";

const [modulePath] = argv.slice(2);
if (!modulePath) {
  console.error("usage: node tests/wasm/run.mjs <module.wasm>");
  exit(2);
}

const vectors = JSON.parse(await readFile(new URL("../fixtures/chain_vectors.json", import.meta.url), "utf8"));
const core = await load(modulePath);
let passed = 0;
let failed = 0;

for (const [name, genesis] of Object.entries(vectors.genesisHeaders)) {
  expect(`hash of the genesis block of ${name}`, call("keccak", bytes(genesis.hashPreimage)), genesis.hash);
}

for (const [name, header] of Object.entries(vectors.headers)) {
  const rlp = bytes(header.rlp);
  expect(`keccak of header ${name}`, call("keccak", rlp), header.plainKeccakOfRlp);

  const { seal, committedSeals } = sealsOf(rlp);
  expect(`proposer of ${name}`, recover(header.proposerDigest, seal), header.proposer);
  header.committers.forEach((committer, i) => {
    expect(`committer ${i} of ${name}`, recover(header.committedSealDigest, committedSeals[i]), committer);
  });

  const badId = seal.slice();
  badId[64] = 4;
  expect(`recovery id 4 is refused, ${name}`, recover(header.proposerDigest, badId), "0x");
  expect(`a seal that is a byte short is refused, ${name}`, recover(header.proposerDigest, seal.slice(1)), "0x");
}

// Bundles of recorded transfers: the same verdicts as natively, and no verdict that is proven after any change.
const folder = new URL("../fixtures/bundles/", import.meta.url);
for (const { bundle: name, trust: trustName, now, expected } of JSON.parse(await readFile(new URL("index.json", folder)))) {
  const bundle = await readFile(new URL(name, folder));
  const trust = await readFile(new URL(trustName, folder));
  const verdicts = verify(trust, now, bundle);
  for (const verdict of verdicts) delete verdict.checks;
  expect(`verdict on ${name}`, sorted(verdicts), sorted(expected));

  for (let at = 5; at < bundle.length; at += Math.ceil(bundle.length / 12)) {
    const changed = Buffer.from(bundle);
    changed[at] ^= 0x55;
    const answer = verify(trust, now, changed);
    const proven = Array.isArray(answer) && answer.every(({ verdict }) => verdict === "proven");
    expect(`${name} with byte ${at} changed is not proven`, String(proven), "false");
  }
}

console.log(`${passed} passed, ${failed} failed`);
exit(failed === 0 && passed > 0 ? 0 : 1);

function expect(what, got, wanted) {
  if (got.toLowerCase() === wanted.toLowerCase()) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAILED ${what}: expected ${wanted}, got ${got}`);
}

// The module may import nothing: the core needs no host.
async function load(path) {
  const { instance } = await WebAssembly.instantiate(await readFile(path), {});
  return instance.exports;
}

function call(name, input) {
  const at = core.input(input.length);
  new Uint8Array(core.memory.buffer, at, input.length).set(input);
  const length = core[name]();
  // Read the buffer only now: it is another one if the memory grew during the call.
  return hex(new Uint8Array(core.memory.buffer, core.output(), length));
}

function recover(digest, signature) {
  return call("recover", Buffer.concat([bytes(digest), signature]));
}

// Verdicts, or the code of a refusal.
function verify(trust, now, bundle) {
  const frame = Buffer.alloc(12);
  frame.writeUInt32BE(trust.length, 0);
  frame.writeBigUInt64BE(BigInt(now), 4);
  const input = Buffer.concat([frame.subarray(0, 4), trust, frame.subarray(4), bundle]);
  return JSON.parse(bytes(call("verify", input)).toString("utf8"));
}

// JSON with sorted names, so that equal values give equal texts.
function sorted(value) {
  const inOrder = (_, v) => (v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v);
  return JSON.stringify(value, inOrder);
}

// The extra field is the twelfth: 32 bytes of vanity, then RLP of [validators, seal, committed seals].
function sealsOf(headerRlp) {
  const extra = decodeRlp(headerRlp)[11];
  const [, seal, committedSeals] = decodeRlp(extra.subarray(32));
  return { seal, committedSeals };
}

// Enough RLP for well-formed fixtures; the strict reader is the core's.
function decodeRlp(input) {
  const [item, rest] = nextItem(input);
  if (rest.length !== 0) throw new Error("bytes after the item");
  return item;
}

function nextItem(input) {
  const first = input[0];
  if (first < 0x80) return [input.subarray(0, 1), input.subarray(1)];
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  const lengthBytes = short > 55 ? short - 55 : 0;
  const length = lengthBytes ? Number(hex(input.subarray(1, 1 + lengthBytes))) : short;
  const start = 1 + lengthBytes;
  const payload = input.subarray(start, start + length);
  const rest = input.subarray(start + length);
  return [isList ? items(payload) : payload, rest];
}

function items(payload) {
  const out = [];
  for (let rest = payload; rest.length > 0; ) {
    const [item, after] = nextItem(rest);
    out.push(item);
    rest = after;
  }
  return out;
}

function bytes(text) {
  return Buffer.from(text.replace(/^0x/, ""), "hex");
}

function hex(data) {
  return `0x${Buffer.from(data).toString("hex")}`;
}
