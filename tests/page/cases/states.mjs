// Every state from recorded and forged bundles: what is shown is what the verifier is known to say.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";

const TONES = { handled: "good", requested: "wait", voting: "wait", stuck: "warn", unrequested: "unknown", fraud: "bad", attempted: "bad" };

async function shows(world, entry) {
  const [trust, bundle] = await Promise.all([readFile(entry.trustPath, "utf8"), readFile(entry.path)]);
  const visit = await world.visit({ link: { trust, now: entry.now } });
  await visit.give({ name: entry.bundle, mimeType: "application/octet-stream", buffer: bundle });
  const [expected] = entry.expected;
  const shown = await visit.verdict();
  same({ verdict: shown.verdict, state: shown.state, reason: shown.reason, nonce: shown.nonce }, { verdict: expected.verdict, state: expected.state, reason: expected.reason ?? undefined, nonce: String(expected.nonce) });
  same(shown.tone, TONES[expected.state], "only a transfer that was handled is green");
  const page = (await visit.page.locator("main").innerText()).toLowerCase();
  for (const address of [...expected.culprits, ...expected.dissenters]) ok(page.includes(address.toLowerCase()), `${address} is named`);
  ok((await visit.get("verdict-as-of").innerText()).replace(/\D/g, "").includes(String(expected.as_of.destination.number)), "the height it holds for");
  ok((await visit.get("verdict-sentence").innerText()).length > 20);
  ok((await visit.get("verdict-trust").innerText()).length > 20);
  return visit;
}

const of = (folder, name) => [`${folder}/${name}`, async (world) => void (await shows(world, await world.bundle(folder, name)))];

const recorded = ["handled-coin", "handled-coin-full", "handled-erc20", "handled-erc721", "stuck", "fraud-on-service", "fraud-on-main", "attempted"];
const states = ["requested", "voting", "handled", "stuck-delivery_reverted", "stuck-votes_differ", "stuck-no_liquidity", "stuck-votes_missing", "stuck-bridge_paused", "stuck-outflow_limit", "fraud-never_requested", "fraud-differs", "fraud-named_block_did_not_exist", "attempted", "unrequested"];
// Each state in one form, and one state in each form: the forms differ in the proof, not in what is shown of the state.
const forged = [...states.map((state) => `${state}-trie`), "handled-simple", "handled-concat"];

export const tests = Object.fromEntries([...recorded.map((name) => of("bundles", name)), ...forged.map((name) => of("forged", name))]);
