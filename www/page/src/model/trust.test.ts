import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { otherChain, readTrust, sources, TrustRefusal } from "./trust.ts";

const fixtures = join(process.cwd(), "../../tests/fixtures");

test("TOML and JSON say the same", async () => {
  const [toml, json] = await Promise.all(["trust.toml", "trust.json"].map(async (name) => readTrust(await readFile(join(fixtures, name), "utf8"), name)));
  assert.deepEqual(JSON.parse(toml?.text ?? ""), JSON.parse(json?.text ?? ""));
  assert.deepEqual(toml?.chains, json?.chains);
});

test("a trust file tells its chains and directions", async () => {
  const trust = await readTrust(await readFile(join(fixtures, "trust.json"), "utf8"), "trust.json");
  assert.deepEqual(sources(trust), ["main", "service"]);
  assert.equal(otherChain(trust, "service"), "main");
  assert.match(trust.fingerprint, /^([0-9a-f]{4} ){7}[0-9a-f]{4}$/);
});

for (const [text, code] of [
  ["{", "trust.syntax"],
  ["chains = [", "trust.syntax"],
  ['{"version":1}', "trust.schema"],
  ['{"chains":[{"profile":{}}]}', "trust.schema"],
  ['{"chains":[],"bridge":{"ends":[]}}', "trust.not_a_pair"],
] as const)
  test(`${text} is refused as ${code}`, async () => {
    await assert.rejects(readTrust(text, "trust.json"), (thrown) => thrown instanceof TrustRefusal && thrown.code === code);
  });
