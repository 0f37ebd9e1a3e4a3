// Links into the page: what they bring is shown before it is used.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { NOW } from "../lib/world.mjs";

export const tests = {
  async "a link with everything in it ends in a verdict"(world) {
    const entry = await world.bundle("bundles", "fraud-on-main");
    const link = { trust: await readFile(entry.trustPath, "utf8"), now: entry.now, bundle: await readFile(entry.path) };
    const visit = await world.visit({ link });
    same((await visit.verdict()).state, "fraud");
    ok(await visit.get("verdict-now").isVisible(), "it is told that the time is not the clock's");
  },

  async "nothing that a link brings is used before a click, and nothing after no"(world) {
    const link = { trust: world.trust, rpc: world.rpc, now: NOW, nonce: 0, from: "main" };
    const visit = await world.visit({ link, accept: false });
    await visit.get("offer").waitFor();
    ok((await visit.get("offer-fingerprint").innerText()).length > 10);
    ok((await visit.get("offer").innerText()).includes(world.rpc.main));
    same(visit.asked(world.rpc.main).length, 0);
    await visit.get("offer-decline").click();
    same(await visit.problem(), "page.no_trust");
    same(visit.asked(world.rpc.main).length, 0);
  },

  async "a second link cannot change the trust behind one's back"(world) {
    const visit = await world.visit({ link: { trust: world.trust, now: NOW } });
    const other = await world.bundle("forged", "handled-trie");
    await visit.page.goto("about:blank");
    await visit.go({ trust: await readFile(other.trustPath, "utf8"), bundle: await readFile(other.path) }, false);
    await visit.get("offer").waitFor();
    same(await visit.get("verdict").count(), 0);
  },

  async "what was accepted once is not asked again"(world) {
    const link = { trust: world.trust, rpc: world.rpc, now: NOW };
    const visit = await world.visit({ link });
    await visit.page.goto("about:blank");
    await visit.go({ ...link, nonce: 0, from: "main" }, false);
    same((await visit.verdict()).state, "handled");
  },

  async "what was accepted once is asked again where another trust is set"(world) {
    const other = await world.bundle("forged", "handled-trie");
    const visit = await world.visit({ link: { trust: world.trust } });
    await visit.page.goto("about:blank");
    const otherTrust = await readFile(other.trustPath, "utf8");
    await visit.go({ trust: otherTrust });
    await visit.page.waitForFunction((text) => JSON.parse(localStorage.getItem("spanlight.settings") ?? "{}").trust?.text === text, otherTrust);
    await visit.page.goto("about:blank");
    await visit.go({ trust: world.trust, nonce: 0, from: "main" }, false);
    await visit.get("offer").waitFor();
    same(await visit.get("verdict").count(), 0);
  },

  async "what was accepted once is not asked again where no trust is set"(world) {
    const visit = await world.visit({ link: { trust: world.trust, rpc: world.rpc, now: NOW } });
    await visit.get("settings-open").click();
    await visit.get("trust-remove").click();
    await visit.page.goto("about:blank");
    // The same link would change less now, and be another one: only the trust is missing.
    await visit.go({ trust: world.trust }, false);
    await visit.get("offer-accept").click();
    await visit.get("settings-open").click();
    await visit.get("trust-remove").click();
    await visit.page.goto("about:blank");
    await visit.go({ trust: world.trust, nonce: 0, from: "main" }, false);
    same((await visit.verdict()).state, "handled");
  },

  async "a damaged link is told"(world) {
    for (const fragment of ["#trust=@@@", "#bundle=AAAA", "#now=soon", "#what=7", "#nonce=-1", "#rpc.main=javascript:alert(1)", "#tx=%"]) {
      const visit = await world.visit();
      await visit.page.goto("about:blank");
      await visit.page.goto(world.address + fragment);
      same(await visit.problem(), "input.link", fragment);
    }
  },

  async "the demo's link sets the page up"(world) {
    const link = await world.servers.demo(world.dist);
    const [address] = link.split("#");
    const visit = await world.visit({ address });
    const rpc = [...decodeURIComponent(link).matchAll(/rpc\.\w+=(http:\/\/127\.0\.0\.1:\d+)/g)].map(([, url]) => url);
    same(rpc.length, 2);
    visit.allow(...rpc);
    await visit.page.goto("about:blank");
    await visit.page.goto(link);
    await visit.get("offer-accept").click();
    await visit.submit("20");
    const shown = await visit.verdict();
    same([shown.state, shown.reason, shown.tone], ["fraud", "never_requested", "bad"]);
  },
};
