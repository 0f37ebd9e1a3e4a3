// The prover in the page against nodes: recorded ones, and ones that lie, lack, hang, or are not there.
import { deepStrictEqual as same, match, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NOW, fixtures } from "../lib/world.mjs";

const story = JSON.parse(await readFile(join(fixtures, "transfers.json"), "utf8")).transfers;
const told = (from, nonce) => story.find((transfer) => transfer.from === from && transfer.nonce === nonce);

const link = (world, more = {}) => ({ trust: world.trust, rpc: world.rpc, now: NOW, ...more });

async function asks(world, from, nonce) {
  const visit = await world.visit({ link: link(world) });
  await visit.get("box-input").fill(String(nonce));
  await visit.get(`direction-${from}`).check();
  await visit.get("box-submit").click();
  const { expected, reason } = told(from, nonce);
  const shown = await visit.verdict();
  same([shown.verdict, shown.state, shown.nonce], ["proven", expected, String(nonce)]);
  if (reason) same(shown.reason, reason);
  // That the requests were seen shows that the check on strange requests sees those of the worker.
  for (const address of Object.values(world.rpc)) ok(visit.asked(address).length > 0, address);
  return visit;
}

/** Asks for a handled transfer with another node for the service chain; gives the verdict or refusal. */
async function against(world, service, nonce = "0") {
  const visit = await world.visit({ link: link(world, { rpc: { main: world.rpc.main, service } }) });
  await visit.submit(nonce);
  await visit.get("verdict").or(visit.get("problem")).first().waitFor({ timeout: 100_000 });
  const refused = (await visit.get("problem").count()) > 0;
  const outcome = refused ? { code: await visit.problem() } : await visit.verdict();
  return { visit, ...outcome };
}

async function staysUsable(world, visit) {
  const entry = await world.bundle("bundles", "handled-coin");
  await visit.get("settings-open").click();
  await visit.get("trust-file").setInputFiles(entry.trustPath);
  await visit.get("settings-close").click();
  await visit.give(entry.path);
  same((await visit.verdict()).state, "handled");
}

const liars = {
  "every header": (call, answer) => (call.method === "kaia_getHeaderByNumber" ? { ...answer, result: { ...answer.result, gasUsed: "0x1234" } } : answer),
  "the receipts": (call, answer) => {
    if (call.method !== "kaia_getBlockReceipts") return answer;
    return { ...answer, result: answer.result.map((receipt) => ({ ...receipt, status: "0x0", txError: "0x2", logs: [] })) };
  },
  "the state": (call, answer) => {
    if (call.method !== "kaia_getProof") return answer;
    const proof = (nodes) => nodes.map((node) => node.replace(/..$/, "00"));
    return { ...answer, result: { ...answer.result, storageProof: answer.result.storageProof.map((slot) => ({ ...slot, proof: proof(slot.proof) })) } };
  },
};

export const tests = {
  "a handled request by number": (world) => asks(world, "main", 0),

  async "removing the trust ends what was asked under it"(world) {
    const hanging = await world.servers.hanging();
    const visit = await world.visit({ link: link(world, { rpc: { main: world.rpc.main, service: hanging } }) });
    await visit.submit("0");
    await visit.get("progress").waitFor();
    await visit.get("settings-open").click();
    await visit.get("trust-remove").click();
    await visit.get("progress").waitFor({ state: "detached" });
    same([await visit.get("verdict").count(), await visit.get("problem").count()], [0, 0]);
  },

  "a stuck one": (world) => asks(world, "main", 9),
  "an attempted one": (world) => asks(world, "main", 61),
  async "the other direction, with the culprits named"(world) {
    const visit = await asks(world, "service", 13);
    const text = (await visit.get("verdict-culprits").innerText()).toLowerCase();
    for (const culprit of told("service", 13).culprits) ok(text.includes(culprit.toLowerCase()), culprit);
  },

  async "a transaction of either chain, whichever direction it went"(world) {
    const { request, handle } = told("service", 0);
    for (const { tx } of [request, handle[0]]) {
      const visit = await world.visit({ link: link(world) });
      await visit.submit(tx);
      const shown = await visit.verdict();
      same([shown.state, shown.nonce], ["handled", "0"]);
    }
  },

  async "a transaction that is none of the bridge's, and one that nobody knows"(world) {
    const visit = await world.visit({ link: link(world) });
    await visit.submit(`0x${"12".repeat(32)}`);
    same(await visit.problem(), "prove.unknown_transaction");
  },

  async "progress is told, and a press on cancel stops the work"(world) {
    const slow = await world.servers.hanging();
    const visit = await world.visit({ link: link(world, { rpc: { main: world.rpc.main, service: slow } }) });
    await visit.submit("0");
    await visit.get("progress").waitFor();
    ok((await visit.get("progress").getAttribute("data-stage")).length > 0);
    await visit.get("cancel").click();
    await visit.get("progress").waitFor({ state: "detached" });
    await staysUsable(world, visit);
  },

  async "a node that never answers is given up with its own words"(world) {
    const { visit, code } = await against(world, await world.servers.hanging());
    same(code, "rpc.timeout");
    await staysUsable(world, visit);
  },

  async "nobody at the address, and a node that refuses browsers"(world) {
    const { visit, code } = await against(world, await world.servers.dead());
    same(code, "rpc.unreachable");
    ok((await visit.get("problem").innerText()).includes("service"), "the chain is named");
    const refusing = await against(world, await world.servers.answering(200, "{}", {}));
    same(refusing.code, "rpc.cors");
    const text = await refusing.visit.get("problem").innerText();
    ok(/CORS/.test(text) && /spanlight serve/.test(text), text);
  },

  async "an address that is no node"(world) {
    same((await against(world, await world.servers.answering(404, "<h1>not here</h1>"))).code, "rpc.http_status");
    same((await against(world, await world.servers.answering(429, "slow"))).code, "rpc.rate_limit");
  },

  async "a node that has pruned the state"(world) {
    const pruned = await world.servers.liar(world.rpc.service, (call, answer) =>
      call.method === "kaia_getProof" ? { jsonrpc: "2.0", id: call.id, error: { code: -32000, message: "missing trie node 1234" } } : answer,
    );
    same((await against(world, pruned)).code, "rpc.pruned");
  },

  async "swapped addresses"(world) {
    const visit = await world.visit({ link: link(world, { rpc: { main: world.rpc.service, service: world.rpc.main } }) });
    await visit.submit("0");
    ok(await visit.problem());
    await visit.get("settings-open").click();
    await visit.get("endpoint-test-main").click();
    await visit.page.waitForFunction(() => document.querySelector("[data-testid=endpoint-state-main]").dataset.ok === "false");
  },

  ...Object.fromEntries(
    Object.entries(liars).map(([what, change]) => [
      `a node that lies about ${what} is refused or not believed, never green`,
      async (world) => {
        const { visit, ...outcome } = await against(world, await world.servers.liar(world.rpc.service, change));
        ok(outcome.tone !== "good", JSON.stringify(outcome));
        const text = await visit.get(outcome.code && !outcome.verdict ? "problem" : "verdict").innerText();
        ok(text.length > 40, text);
        await staysUsable(world, visit);
      },
    ]),
  ),

  async "a node that keeps logs back leaves the transfer incomplete, not handled"(world) {
    const silent = await world.servers.liar(world.rpc.service, (call, answer) => (call.method === "kaia_getLogs" ? { ...answer, result: [] } : answer));
    const outcome = await against(world, silent);
    same([outcome.verdict, outcome.tone], ["incomplete", "unknown"]);
  },

  async "settings say whether an endpoint answers"(world) {
    const visit = await world.visit({ link: link(world) });
    await visit.get("settings-open").click();
    await visit.get("endpoint-test-service").click();
    await visit.page.waitForFunction(() => document.querySelector("[data-testid=endpoint-state-service]").dataset.ok === "true");
    const dead = await world.servers.dead();
    visit.allow(dead);
    await visit.get("endpoint-service").fill(dead);
    await visit.get("endpoint-service").blur();
    await visit.get("endpoint-test-service").click();
    await visit.page.waitForFunction(() => document.querySelector("[data-testid=endpoint-state-service]").dataset.ok === "false");
    match(await visit.get("endpoint-state-service").innerText(), /node/i);
  },
};
