// What a bundle can claim besides one transfer.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";

async function given(world, name) {
  const entry = await world.bundle("forged", name);
  const visit = await world.visit({ link: { trust: await readFile(entry.trustPath, "utf8"), now: entry.now } });
  await visit.give(entry.path);
  return { entry, visit };
}

export const tests = {
  async "an equivocation names who sealed both"(world) {
    const { entry, visit } = await given(world, "equivocation");
    same(await visit.get("claim-equivocation").getAttribute("data-verdict"), "proven");
    const text = (await visit.get("claim-equivocation").innerText()).toLowerCase();
    const [{ both }] = entry.equivocations;
    ok(both.length > 0);
    for (const address of both) ok(text.includes(address.toLowerCase()), `${address} in ${text}`);
  },

  async "an anchor is shown with its block and as no finality"(world) {
    const { entry, visit } = await given(world, "anchored");
    same(await visit.get("claim-anchored").getAttribute("data-verdict"), "proven");
    const text = await visit.get("claim-anchored").innerText();
    ok(text.replace(/[\s,.]/g, "").includes(String(entry.anchored.child.number)), text);
  },

  async "a complete list of two transfers shows both, the one that is open not in green"(world) {
    const { visit } = await given(world, "complete");
    same(await visit.get("claim-complete").getAttribute("data-verdict"), "proven");
    const states = await visit.get("transfer-item").evaluateAll((items) => items.map(({ dataset }) => [dataset.nonce, dataset.state]));
    same(states, [["0", "handled"], ["1", "requested"]]);
    await visit.get("transfer-item").nth(1).click();
    same((await visit.verdict()).tone, "wait");
  },

  async "a list that is not whole is not called complete"(world) {
    const { visit } = await given(world, "not-complete");
    await visit.verdict();
    const said = await visit.get("claim-complete").innerText();
    ok(/not (all|complete|the whole)/i.test(said), said);
    ok((await visit.get("claim-complete").getAttribute("data-tone")) !== "good");
  },
};
