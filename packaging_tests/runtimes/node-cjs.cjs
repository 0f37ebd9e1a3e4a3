// The packed package under Node, required.
const { readFile } = require("node:fs/promises");
const spanlight = require("spanlight");
const inline = require("spanlight/inline");

const [fixtures, rpc] = process.argv.slice(2);
(async () => {
  const { suite } = await import("./suite.mjs");
  const read = async (path) => new Uint8Array(await readFile(`${fixtures}/${path}`));
  const result = await suite(spanlight, read, JSON.parse(rpc));
  const { transfers } = await inline.verify(await read("bundles/stuck.spl"), String(await readFile(`${fixtures}/bundles/stuck.trust.json`)), 1795398976);
  if (transfers[0].state === "stuck") result.passed += 1;
  else result.failures.push(`spanlight/inline: ${transfers[0].state}`);
  console.log(JSON.stringify(result));
})();
