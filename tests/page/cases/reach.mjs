// For everyone: by keyboard alone, read aloud, in both languages, on a narrow screen, in the dark, enlarged.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { NOW } from "../lib/world.mjs";
import { judgedAll } from "./bridge.mjs";

const VIEWS = {
  empty: async () => {},
  ready: async () => {},
  handled: (visit, world) => given(visit, world, "bundles", "handled-erc20"),
  stuck: (visit, world) => given(visit, world, "bundles", "stuck"),
  fraud: (visit, world) => given(visit, world, "bundles", "fraud-on-service"),
  "several transfers": (visit, world) => given(visit, world, "forged", "complete"),
  equivocation: (visit, world) => given(visit, world, "forged", "equivocation"),
  anchor: (visit, world) => given(visit, world, "forged", "anchored"),
  refusal: async (visit) => {
    await visit.submit("0x12");
    await visit.get("problem").waitFor();
  },
  settings: async (visit) => {
    await visit.get("settings-open").click();
    await visit.get("settings").waitFor();
  },
  offer: async (visit, world) => {
    await visit.page.goto("about:blank");
    await visit.go({ trust: world.trust, rpc: world.rpc, now: NOW }, false);
    await visit.get("offer").waitFor();
  },
  bridge: async (visit, world) => {
    await visit.page.goto("about:blank");
    await visit.go({ trust: world.trust, rpc: world.rpc, now: NOW, view: "bridge", from: "main", range: "0-20", start: 1 });
    await judgedAll(visit);
  },
};

async function given(visit, world, folder, name) {
  const entry = await world.bundle(folder, name);
  await visit.page.goto("about:blank");
  await visit.go({ trust: await readFile(entry.trustPath, "utf8"), now: entry.now });
  await visit.give(entry.path);
  await visit.page.locator("[data-testid=verdict], [data-testid^=claim-]").first().waitFor();
}

/** Opens everything that can be opened, so that nothing is left unlooked at. */
const unfold = (visit) => visit.page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));

async function eachView(world, options, check) {
  const problems = [];
  for (const [name, show] of Object.entries(VIEWS)) {
    const visit = await world.visit({ link: name === "empty" ? {} : { trust: world.trust, now: NOW }, allow: Object.values(world.rpc), ...options });
    await show(visit, world);
    await unfold(visit);
    problems.push(...(await check(visit, name)).map((problem) => `${name}: ${problem}`));
    await world.endVisits();
  }
  same(problems, []);
}

/** What is wider than the screen, apart from what scrolls in a box of its own. */
const tooWide = (visit) =>
  visit.page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
    return [`${scrollWidth} px on a screen of ${clientWidth}: ${wide.slice(-3).map((element) => element.outerHTML.slice(0, 120))}`];
  });

const press = async (visit, ...keys) => {
  for (const key of keys) await visit.page.keyboard.press(key);
};

/** Tabs until the focus is on this element, as somebody without a mouse has to. */
async function tabTo(visit, id, most = 60) {
  for (let pressed = 0; pressed < most; pressed++) {
    const at = await visit.page.evaluate(() => document.activeElement?.closest("[data-testid]")?.getAttribute("data-testid"));
    const self = await visit.page.evaluate(() => document.activeElement?.getAttribute("data-testid"));
    if (self === id) {
      const outlined = await visit.page.evaluate(() => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
        return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      });
      ok(outlined, `${id} has the focus, and nothing shows it`);
      return;
    }
    await press(visit, "Tab");
    if (pressed === most - 1) throw new Error(`${id} is not reached by Tab; at ${at}`);
  }
}

export const tests = {
  "axe finds nothing in any view": (world) => eachView(world, {}, (visit) => visit.axe()),
  "axe finds nothing in the dark, in Korean, on a phone": (world) => eachView(world, { context: { colorScheme: "dark", locale: "ko-KR", viewport: { width: 360, height: 740 } } }, (visit) => visit.axe()),
  "nothing is wider than 320 px": (world) => eachView(world, { context: { viewport: { width: 320, height: 640 } } }, tooWide),
  "nothing is wider than 360 px in Korean": (world) => eachView(world, { context: { viewport: { width: 360, height: 740 }, locale: "ko-KR" } }, tooWide),

  async "by keyboard alone: trust, a bundle's link, the verdict, the steps, the download"(world) {
    const entry = await world.bundle("bundles", "stuck");
    const link = { trust: await readFile(entry.trustPath, "utf8"), now: entry.now, bundle: await readFile(entry.path) };
    const visit = await world.visit({ link, accept: false });
    await visit.get("offer").waitFor();
    await tabTo(visit, "offer-accept", 10);
    await press(visit, "Enter");
    same((await visit.verdict()).state, "stuck");
    await tabTo(visit, "download-bundle", 200);
    const [download] = await Promise.all([visit.page.waitForEvent("download"), press(visit, "Enter")]);
    ok(download.suggestedFilename().endsWith(".spl"));
  },

  async "by keyboard alone: settings and a node, a number, the direction"(world) {
    const visit = await world.visit({ link: { trust: world.trust, now: NOW }, allow: Object.values(world.rpc) });
    await tabTo(visit, "settings-open");
    await press(visit, "Enter");
    for (const chain of ["main", "service"]) {
      await tabTo(visit, `endpoint-${chain}`);
      await visit.page.keyboard.type(world.rpc[chain]);
    }
    await press(visit, "Tab", "Escape");
    await visit.get("settings").waitFor({ state: "hidden" });
    ok(await visit.page.evaluate(() => document.activeElement !== document.body), "the focus is not lost");
    await tabTo(visit, "box-input");
    await visit.page.keyboard.type("13");
    await tabTo(visit, "direction-main");
    await press(visit, "ArrowDown");
    await tabTo(visit, "box-input", 80);
    await press(visit, "Enter");
    same((await visit.verdict()).state, "fraud");
  },

  async "what happens is read aloud"(world) {
    const visit = await world.visit({ link: { trust: world.trust, rpc: world.rpc, now: NOW } });
    same(await visit.get("live").getAttribute("aria-live"), "polite");
    await visit.submit("0");
    await visit.verdict();
    await visit.page.waitForFunction(() => document.querySelector("[data-testid=live]").textContent.trim().length > 5);
    await visit.submit("0x12");
    same(await visit.get("problem").getAttribute("role"), "alert");
  },

  async "Korean and English say the same things"(world) {
    const entry = await world.bundle("bundles", "fraud-on-service");
    const visit = await world.visit({ link: { trust: await readFile(entry.trustPath, "utf8"), now: entry.now } });
    await visit.give(entry.path);
    const english = [await visit.verdict(), await visit.get("verdict-sentence").innerText()];
    same(await visit.page.evaluate(() => document.documentElement.lang), "en");
    await visit.get("lang-switch").click();
    await visit.page.waitForFunction(() => document.documentElement.lang === "ko");
    const korean = [await visit.verdict(), await visit.get("verdict-sentence").innerText()];
    same(korean[0], english[0]);
    ok(/[가-힣]/.test(korean[1]) && korean[1] !== english[1]);
    const rest = (await visit.page.locator("main").innerText()).split("\n").filter((line) => /[a-z]{3,} [a-z]{2,} [a-z]{2,}/.test(line) && !/[가-힣]/.test(line) && !/^(const|import|for|spanlight|report)/.test(line.trim()));
    same(rest, [], "sentences that were left in English");
    await visit.page.reload();
    await visit.page.waitForFunction(() => document.documentElement.lang === "ko");
  },

  async "a browser that speaks Korean is answered in Korean"(world) {
    const visit = await world.visit({ context: { locale: "ko-KR" } });
    same(await visit.page.evaluate(() => document.documentElement.lang), "ko");
  },

  async "the theme follows the device, and a choice holds"(world) {
    const background = (visit) => visit.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await world.visit({ context: { colorScheme: "light" } });
    const dark = await world.visit({ context: { colorScheme: "dark" } });
    ok((await background(light)) !== (await background(dark)));
    const chosen = await world.visit({ link: { theme: "dark" }, context: { colorScheme: "light" } });
    same(await background(chosen), await background(dark));
  },

  async "a verdict printed on paper has all steps and no buttons"(world) {
    const entry = await world.bundle("bundles", "handled-coin");
    const visit = await world.visit({ link: { trust: await readFile(entry.trustPath, "utf8"), now: entry.now } });
    await visit.give(entry.path);
    await visit.verdict();
    await visit.page.emulateMedia({ media: "print" });
    ok(await visit.get("verdict-headline").isVisible());
    ok((await visit.get("step").count()) >= 10);
    ok(await visit.get("step").last().isVisible());
    for (const id of ["box", "print", "settings-open"]) same(await visit.get(id).isVisible(), false, id);
  },
};
