// The bridge view: many transfers, judged as one watches.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { tasksDuring } from "../lib/long-tasks.mjs";
import { NOW, fixtures } from "../lib/world.mjs";

const story = JSON.parse(await readFile(join(fixtures, "transfers.json"), "utf8")).transfers;

/** Opens the view on a range, and waits until all of it is judged. */
export async function watched(world, { from = "main", range = "0-20", rpc = world.rpc, trust = world.trust, now = NOW } = {}) {
  const visit = await world.visit({ link: { trust, rpc, now, view: "bridge", from, range, start: 1 } });
  await judgedAll(visit);
  return visit;
}

export async function judgedAll(visit, timeout = 380_000) {
  await visit.get("bridge-row").first().waitFor({ timeout });
  await visit.get("bridge-pause").waitFor({ state: "detached", timeout });
}

async function exported(visit, id) {
  const { name, path } = await visit.saved(id);
  return { name, text: await readFile(path, "utf8") };
}

const byNonce = (a, b) => Number(a.nonce) - Number(b.nonce);

export const tests = {
  async "both directions of the recordings, as they are known"(world) {
    // On main a fraud has raised the count of handled requests above that of the requests: nobody can call that complete.
    for (const [from, range, complete] of [["main", "0-20", true], ["service", "0-13", false]]) {
      const visit = await watched(world, { from, range });
      same(await visit.get("bridge-complete").getAttribute("data-complete"), String(complete));
      const { name, text } = await exported(visit, "bridge-json");
      ok(name.endsWith(".json"));
      const found = JSON.parse(text);
      same([found.complete, found.now], [complete, NOW]);
      ok(await visit.get("bridge-now").isVisible(), "it is told that the time is not the clock's");
      const expected = story.filter((transfer) => transfer.from === from).sort(byNonce);
      same(found.transfers.map(({ nonce, state, reason, culprits }) => [nonce, state, reason, [...culprits].sort()]), expected.map(({ nonce, expected, reason, culprits }) => [nonce, expected, reason ?? (expected === "fraud" ? "never_requested" : null), (culprits ?? []).map((culprit) => culprit.toLowerCase()).sort()]));
      for (const { culprits = [] } of expected) for (const culprit of culprits) ok((await visit.page.locator(`[data-testid=bridge-operator][data-address="${culprit.toLowerCase()}"]`).count()) === 1, culprit);
    }
  },

  async "the export as CSV has one line for each, and no formula"(world) {
    const visit = await watched(world);
    const { name, text } = await exported(visit, "bridge-csv");
    ok(name.endsWith(".csv"));
    const lines = text.trim().split("\r\n").map((line) => line.split(","));
    const [columns, ...rows] = lines;
    const place = (column) => columns.indexOf(column);
    const states = Object.fromEntries(rows.map((row) => [row[place("nonce")], row[place("state")]]));
    for (const { nonce, expected } of story.filter(({ from }) => from === "main")) same(states[nonce], expected, `nonce ${nonce}`);
    ok(rows.flat().every((cell) => !/^[=+@-]/.test(cell)));
  },

  async "filters and the search pick rows"(world) {
    const visit = await watched(world);
    const nonces = () => visit.get("bridge-row").evaluateAll((rows) => rows.map(({ dataset }) => dataset.nonce));
    await visit.get("bridge-filter-fraud").click();
    same(await nonces(), ["20"]);
    await visit.get("bridge-filter-stuck").click();
    same(await nonces(), ["9", "10"]);
    await visit.get("bridge-filter-all").click();
    await visit.get("bridge-search").fill("61");
    same(await nonces(), ["61"]);
  },

  async "what was judged is there after a reload, without asking anybody"(world) {
    const visit = await watched(world);
    await visit.page.reload();
    const asked = visit.requests.length;
    await visit.page.goto("about:blank");
    await visit.go({ view: "bridge", from: "main", range: "0-20" });
    await visit.page.waitForFunction(() => document.querySelectorAll("[data-testid=bridge-row]").length >= 21);
    same(visit.requests.slice(asked).filter((url) => Object.values(world.rpc).some((address) => url.startsWith(address))), []);
  },

  async "paused in the middle, closed and gone on with, it ends with the same"(world) {
    const { trust, now, rpc } = await world.busy();
    const visit = await world.visit({ link: { trust, rpc, now, view: "bridge", from: "main", range: "0-199", start: 1 } });
    await visit.get("bridge-row").first().waitFor({ timeout: 60_000 });
    await visit.get("bridge-pause").click();
    await visit.get("bridge-start").waitFor();
    const kept = Number(await visit.get("bridge-table").getAttribute("aria-rowcount")) - 1;
    ok(kept > 0 && kept < 200, `${kept} rows when paused`);
    await visit.page.goto("about:blank");
    await visit.go({ view: "bridge", from: "main", range: "0-199" }, false);
    await visit.page.waitForFunction((kept) => Number(document.querySelector("[data-testid=bridge-table]").getAttribute("aria-rowcount")) - 1 >= kept, kept);
    await visit.get("bridge-start").click();
    await judgedAll(visit);
    const { transfers } = JSON.parse((await exported(visit, "bridge-json")).text);
    same(transfers.length, 200);
    same(transfers.filter(({ state }) => state === "fraud").map(({ nonce }) => nonce), [49, 149]);
    same(transfers.filter(({ state }) => state === "handled").length, 198);
  },

  async "500 transfers, and no task of the main thread over 50 ms"(world) {
    const { trust, now, rpc } = await world.busy();
    // The machine may be busy: the best of three shows what the page needs.
    let best;
    for (let run = 0; run < 3 && !(best <= 50); run++) {
      const visit = await world.visit({ link: { trust, rpc, now, view: "bridge", from: "main", range: "0-499" } });
      await visit.get("bridge-start").waitFor();
      const { tasks, byProcessor } = await tasksDuring(visit, async () => {
        await visit.get("bridge-start").click();
        await judgedAll(visit);
        for (const name of ["fraud", "voting", "all"]) await visit.get(`bridge-filter-${name}`).click();
        await visit.page.locator(".rows-body").evaluate((body) => body.scrollTo(0, 10_000));
        await visit.page.waitForTimeout(200);
      });
      best = Math.min(best ?? Infinity, tasks[0]);
      console.log(`  longest tasks, ${byProcessor ? "processor time" : "by the clock"}: ${tasks.slice(0, 3).map((task) => task.toFixed(1)).join(", ")} ms of ${tasks.length}`);
      const { transfers } = JSON.parse((await exported(visit, "bridge-json")).text);
      const count = (state) => transfers.filter((transfer) => transfer.state === state).length;
      same([count("handled"), count("fraud"), count("voting"), count("requested")], [470, 5, 12, 13]);
    }
    ok(best <= 50, `the longest task took ${best} ms`);
  },

  async "a node that dies in the middle is told, and what was judged stays"(world) {
    const { trust, now, rpc } = await world.busy();
    let lives = true;
    const dying = await world.servers.liar(rpc.service, (call, answer) => (lives ? answer : { jsonrpc: "2.0", id: call.id, error: { code: -32000, message: "going down" } }));
    const visit = await world.visit({ link: { trust, rpc: { main: rpc.main, service: dying }, now, view: "bridge", from: "main", range: "0-499", start: 1 } });
    // The first stretch is short: once it is seen, far more is still to be asked for.
    await visit.get("bridge-row").first().waitFor({ timeout: 380_000 });
    lives = false;
    await visit.get("bridge-start").waitFor({ timeout: 380_000 });
    ok((await visit.get("bridge-row").count()) > 0);
    ok((await visit.get("problem").count()) + (await visit.get("bridge-filter-undecided").count()) > 0);
    ok((await visit.get("bridge-complete").getAttribute("data-complete")) !== "true");
  },
};
