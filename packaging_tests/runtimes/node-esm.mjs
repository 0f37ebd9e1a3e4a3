// The packed package under Node, imported.
import * as spanlight from "spanlight";
import * as inline from "spanlight/inline";
import * as bring from "spanlight/module";
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { suite } from "./suite.mjs";

const [fixtures, rpc] = argv.slice(2);
const read = async (path) => new Uint8Array(await readFile(`${fixtures}/${path}`));
const result = await suite(spanlight, read, JSON.parse(rpc));

// The other entries are the same program with another way to the module.
bring.init(await readFile(new URL(import.meta.resolve("spanlight/spanlight.wasm"))));
const [bundle, trust] = [await read("bundles/stuck.spl"), new TextDecoder().decode(await read("bundles/stuck.trust.json"))];
for (const [name, entry] of [["module", bring], ["inline", inline]]) {
  const { transfers } = await entry.verify(bundle, trust, 1795398976);
  if (transfers[0].state === "stuck") result.passed += 1;
  else result.failures.push(`spanlight/${name}: ${transfers[0].state}`);
}

// A light client, stored and brought back, fed with the headers of a node.
const { light } = await import("./light-client.mjs");
result.passed += await light(spanlight, read, JSON.parse(rpc), result.failures);
console.log(JSON.stringify(result));
