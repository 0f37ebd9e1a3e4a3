// The packed package under Node, imported.
import * as spanlight from "spanlight";
import * as inline from "spanlight/inline";
import * as bring from "spanlight/module";
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { fromJson, light } from "./light-client.mjs";
import { parts } from "./parts.mjs";
import { suite } from "./suite.mjs";

const [fixtures, rpc] = argv.slice(2);
const read = async (path) => new Uint8Array(await readFile(`${fixtures}/${path}`));
const result = await suite(spanlight, read, JSON.parse(rpc));
const whole = new TextDecoder().decode(await read("trust.json"));
// A light client, stored and brought back, fed with the headers of a node.
result.passed += await light(spanlight, read, JSON.parse(rpc), result.failures);
result.passed += await fromJson(spanlight, read, JSON.parse(rpc), result.failures);

// The other entries are the same program with another way to the module.
const part = (name) => readFile(new URL(import.meta.resolve(`spanlight/${name}.wasm`)));
bring.init(await part("spanlight"));
result.passed += await alone(result.failures);
const [bundle, trust] = [await read("bundles/stuck.spl"), new TextDecoder().decode(await read("bundles/stuck.trust.json"))];
for (const [name, entry] of [["module", bring], ["inline", inline]]) {
  const { transfers } = await entry.verify(bundle, trust, 1795398976);
  if (transfers[0].state === "stuck") result.passed += 1;
  else result.failures.push(`spanlight/${name}: ${transfers[0].state}`);
}

// What gathers is asked for when a node is, and not before.
let asked = 0;
bring.init(await part("spanlight"), () => (asked++, part("spanlight-gathering")));
const { main, service } = JSON.parse(rpc);
await bring.verify(bundle, trust, 1795398976);
const before = asked;
const [one, two] = await Promise.all([4, 5].map((nonce) => bring.prove({ nonce }, { trust: whole, from: "main", endpoints: { main, service }, now: 1795398976 })));
if (before === 0 && asked === 1 && one.transfers.length === 1 && two.transfers.length === 1) result.passed += 1;
else result.failures.push(`the gathering part was loaded ${before} times before and ${asked} times after two calls`);

const bytes = { judging: new Uint8Array(await part("spanlight")), gathering: new Uint8Array(await part("spanlight-gathering")) };
const options = { trust: whole, from: "main", endpoints: { main, service }, now: 1795398976 };
result.passed += await parts(bring, bytes, () => bring.verify(bundle, trust, 1795398976), options, result.failures);

console.log(JSON.stringify(result));

/** With nothing but the part that judges: everything is judged, whatever is wrong with it; nodes are not asked, and no headers followed. */
async function alone(failures) {
  const { passed, failures: found } = await suite(bring, read);
  failures.push(...found.map((failure) => `judging alone: ${failure}`));
  const codes = new Set();
  for (const { bundle: name, trust: by, now } of JSON.parse(new TextDecoder().decode(await read("forged/index.json")))) {
    const [good, text] = [await read(`forged/${name}`), new TextDecoder().decode(await read(`forged/${by}`))];
    for (let place = 0; place < good.length; place += Math.ceil(good.length / 60)) {
      const changed = good.slice();
      changed[place] ^= 1 << place % 8;
      const code = await bring.verify(changed, text, now).then(({ transfers }) => transfers[0]?.code ?? "none", (error) => error.code);
      codes.add(code);
      if (code === "wasm.crash") failures.push(`judging alone: a crash on ${name} with byte ${place} changed`);
    }
  }
  const refused = await bring.prove({ nonce: 1 }, { trust: "{}", from: "main", endpoints: {} }).catch((error) => error.code);
  const missing = await bring.sync({ trust: "{}", chain: "main", endpoint: "http://127.0.0.1:9" }).catch((error) => [error.name, error.code].join());
  const following = await bring.LightClient.start(whole, "main", new Uint8Array(9)).catch((error) => [error.name, error.code].join());
  const absent = "LoadError,wasm.not_initialized";
  const looking = await bring.inspect(new Uint8Array(9)).catch((error) => [error.name, error.code].join());
  if (refused !== "trust.no_bridge" || missing !== absent || following !== absent || looking !== absent) failures.push(`judging alone: prove gives ${refused}, sync ${missing}, a light client ${following}`);
  if (codes.size < 20) failures.push(`judging alone: only ${[...codes]} were seen`);
  return passed + codes.size;
}
