// What somebody hands over that cannot be judged, or not yet: each has its own words, and the page goes on.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { NOW } from "../lib/world.mjs";

async function ready(world) {
  const entry = await world.bundle("bundles", "handled-coin");
  const trust = await readFile(entry.trustPath, "utf8");
  return { entry, trust, bundle: await readFile(entry.path), visit: await world.visit({ link: { trust, now: entry.now } }) };
}

/** Refused with this code or one of its kinds; then a good bundle is judged as if nothing had been. */
async function refused(world, name, content, ...codes) {
  const { visit, entry } = await ready(world);
  const file = typeof content === "string" ? content : { name, mimeType: "application/octet-stream", buffer: content };
  await visit.give(file);
  const got = await visit.problem();
  ok(codes.some((code) => got === code || got.startsWith(`${code}.`)), `${got}, expected ${codes}`);
  ok((await visit.get("problem").innerText()).length > 40);
  await visit.give(entry.path);
  same((await visit.verdict()).state, "handled");
}

export const tests = {
  "a picture": (world) => refused(world, "a.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), "input.not_bundle"),
  "an empty file": (world) => refused(world, "empty.spl", Buffer.alloc(0), "input.empty_file"),
  "a proof cut off": async (world) => refused(world, "cut.spl", (await ready(world)).bundle.subarray(0, 9000), "bundle", "rlp"),
  "a proof of another version": async (world) => {
    const bytes = Buffer.from((await ready(world)).bundle);
    // Behind the four letters.
    bytes[4] += 1;
    await refused(world, "version.spl", bytes, "bundle");
  },

  async "a file of 300 MB is refused before it is read"(world) {
    const path = join(world.folder, "huge.spl");
    const file = await open(path, "w");
    await file.write("SPLT");
    await file.truncate(300 * 1024 * 1024);
    await file.close();
    const { visit } = await ready(world);
    const before = await visit.page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
    const began = Date.now();
    await visit.give(path);
    same(await visit.problem(), "input.too_large");
    ok(Date.now() - began < 3_000, `${Date.now() - began} ms`);
    const after = await visit.page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0);
    ok(after - before < 50_000_000, `${after - before} bytes more`);
  },

  async "proofs with one byte changed are never green, and the page survives all of them"(world) {
    const { visit, bundle } = await ready(world);
    for (let place = 40; place < bundle.length; place += Math.floor(bundle.length / 12)) {
      const bytes = Buffer.from(bundle);
      bytes[place] ^= 0x01;
      // What is shown then cannot be left from the byte before.
      await visit.submit("0x12");
      await visit.page.waitForFunction(() => document.querySelector("[data-testid=problem]")?.dataset.code === "input.hash_length");
      await visit.give({ name: `changed-${place}.spl`, mimeType: "application/octet-stream", buffer: bytes });
      await visit.page.waitForFunction(() => document.querySelector("[data-testid=verdict], [data-testid=problem]:not([data-code='input.hash_length'])"));
      if ((await visit.get("verdict").count()) > 0) ok((await visit.verdict()).tone !== "good", `byte ${place}`);
    }
    await visit.give({ name: "good.spl", mimeType: "application/octet-stream", buffer: bundle });
    same((await visit.verdict()).tone, "good");
  },

  async "the trust for another bridge"(world) {
    const { bundle } = await ready(world);
    const other = await world.bundle("forged", "handled-trie");
    const visit = await world.visit({ link: { trust: await readFile(other.trustPath, "utf8"), now: other.now } });
    await visit.give({ name: "a.spl", mimeType: "application/octet-stream", buffer: bundle });
    await visit.get("problem").or(visit.get("verdict")).first().waitFor();
    if ((await visit.get("verdict").count()) > 0) ok(["invalid", "not_yet_trusted"].includes((await visit.verdict()).verdict));
    ok((await visit.page.locator("main").innerText()).length > 100);
  },

  async "a trust that has expired"(world) {
    const { trust, entry } = await ready(world);
    const short = JSON.parse(trust);
    for (const chain of short.chains) chain.trusting_period = 14 * 86_400;
    const visit = await world.visit({ link: { trust: JSON.stringify(short), now: NOW + 15 * 86_400 } });
    await visit.give(entry.path);
    const shown = await visit.verdict();
    same([shown.verdict, shown.tone], ["not_yet_trusted", "unknown"]);
    ok(shown.code.length > 0);
    ok((await visit.get("verdict-next").innerText()).length > 20);
  },

  async "a proof before any trust file waits for it"(world) {
    const { entry, trust } = await ready(world);
    const visit = await world.visit();
    await visit.give(entry.path);
    ok((await visit.page.locator("main").innerText()).length > 50);
    await visit.give({ name: "trust.json", mimeType: "application/json", buffer: Buffer.from(trust) });
    ok((await visit.verdict()).verdict);
  },

  async "a trust file that is none"(world) {
    const visit = await world.visit();
    await visit.get("settings-open").click();
    for (const [text, code] of [["{", "trust.syntax"], ["hello = ", "trust.syntax"], ['{"version":1}', "trust.schema"]]) {
      await visit.get("trust-text").fill(text);
      await visit.get("trust-apply").click();
      await visit.page.waitForFunction((code) => document.querySelector("[data-testid=trust-problem]")?.dataset.code === code, code);
    }
    const entry = await world.bundle("bundles", "handled-coin");
    await visit.get("trust-file").setInputFiles(entry.trustPath);
    await visit.get("trust-summary").waitFor();
    same(await visit.get("trust-problem").count(), 0);
  },

  async "text that is nothing"(world) {
    const { visit } = await ready(world);
    for (const [text, code] of [
      ["", "input.empty"],
      ["0x1234", "input.hash_length"],
      ["0x3da8d322cb2435da26e9c9fee670f9fb7fe74e49", "input.address"],
      ["99999999999999999999999", "input.nonce_range"],
      ["where is my money", "input.unknown"],
      ["7", "page.no_endpoints"],
      [`0x${"ab".repeat(32)}`, "page.no_endpoints"],
    ]) {
      await visit.submit(text);
      await visit.page.waitForFunction((code) => document.querySelector("[data-testid=problem]")?.dataset.code === code, code);
    }
  },

  async "words before any trust file"(world) {
    const visit = await world.visit();
    await visit.submit("7");
    same(await visit.problem(), "page.no_trust");
  },

  async "a browser without what the page needs"(world) {
    const old = await world.visit({ raw: true, context: { javaScriptEnabled: false } });
    ok((await old.get("old-browser").innerText()).length > 20);
    const visit = await world.visit({ raw: true, before: (page) => page.addInitScript(() => delete globalThis.WebAssembly) });
    await visit.get("old-browser").waitFor();
    ok((await visit.get("old-browser").innerText()).length > 20);
  },
};
