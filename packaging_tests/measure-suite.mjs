// The same measurements in every runtime.
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

const now = 1795398976;
const text = async (read, path) => new TextDecoder().decode(await read(path));

/** From the import to the first verdict. */
export async function cold(load, read) {
  const [bundle, trust] = [await read("handled-coin.spl"), await text(read, "handled-coin.trust.json")];
  const began = performance.now();
  const { verify } = await load();
  await verify(bundle, trust, now);
  return performance.now() - began;
}

/** A transfer again and again: the best of five rounds. */
export async function warm({ verify }, read, names) {
  const result = {};
  for (const name of names) {
    const [bundle, trust] = [await read(`${name}.spl`), await text(read, `${name}.trust.json`)];
    result[name] = { ms: (await best(() => verify(bundle, trust, now), 20)) / 1000, bytes: bundle.length };
  }
  return result;
}

/** What other libraries need for nothing but the seals of handled-coin-full: the proposer's and three committed ones a header. */
export async function curves(spanlight, read) {
  const digest = keccak_256(new Uint8Array(32));
  const key = new Uint8Array(32).fill(7);
  const signature = secp256k1.sign(digest, key, { prehash: false, format: "recovered" });
  const summary = await spanlight.inspect(await read("handled-coin-full.spl"));
  const seals = summary.chains.reduce((sum, { headers }) => sum + (headers.count - 1) * 4, 0);
  const result = {
    "@noble/curves 2.4.0": { us: await best(() => secp256k1.recoverPublicKey(signature, digest, { prehash: false }), 50), seals },
  };
  if (typeof process === "object" && process.versions?.node) {
    const tiny = await import("tiny-secp256k1");
    const compact = signature.slice(1);
    result["tiny-secp256k1 2.2.4 (libsecp256k1 in wasm)"] = { us: await best(() => tiny.recover(digest, compact, signature[0], false), 50), seals };
  }
  return result;
}

async function best(job, times) {
  let least = Infinity;
  for (let round = 0; round < 5; round++) {
    const began = performance.now();
    for (let time = 0; time < times; time++) await job();
    least = Math.min(least, ((performance.now() - began) * 1000) / times);
  }
  return least;
}
