// What somebody takes along says the same elsewhere.
import { deepStrictEqual as same, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { NOW } from "../lib/world.mjs";

const run = (file, args, options) => promisify(execFile)(file, args, options).catch((error) => error);

async function proven(world, nonce = "20") {
  const visit = await world.visit({ link: { trust: world.trust, rpc: world.rpc, now: NOW }, context: { permissions: ["clipboard-read", "clipboard-write"] } });
  await visit.submit(nonce);
  await visit.verdict();
  return visit;
}

export const tests = {
  async "the bundle made in the page is judged the same by the command"(world) {
    const visit = await proven(world);
    const { name, path } = await visit.saved("download-bundle");
    match(name, /\.spl$/);
    const trust = join(world.folder, "trust.json");
    await writeFile(trust, world.trust);
    const { stdout, code } = await run(world.command, ["verify", path, "--trust", trust, "--now", String(NOW), "--json"]);
    same(code, 1, "fraud");
    const [transfer] = JSON.parse(stdout).transfers;
    same([transfer.nonce, transfer.verdict, transfer.state], [20, "proven", "fraud"]);
  },

  async "the command that is shown works as it stands"(world) {
    const visit = await proven(world, "0");
    const { name, path } = await visit.saved("download-bundle");
    await copyFile(path, join(world.folder, name));
    await writeFile(join(world.folder, "trust.json"), world.trust);
    await visit.get("elsewhere").locator("summary").click();
    const shown = (await visit.get("elsewhere").locator("pre").first().innerText()).trim();
    const [program, ...args] = shown.split(/\s+/);
    same(program, "spanlight");
    const { stdout, code } = await run(world.command, args, { cwd: world.folder });
    same(code ?? 0, 0, stdout);
    ok(stdout.includes("HANDLED"), stdout);
  },

  async "the report is the command's"(world) {
    const visit = await proven(world, "9");
    const [bundle, report] = [await visit.saved("download-bundle"), await visit.saved("download-report")];
    const trust = join(world.folder, "trust.json");
    await writeFile(trust, world.trust);
    const { stdout } = await run(world.command, ["verify", bundle.path, "--trust", trust, "--now", String(NOW), "--json"]);
    const picked = ({ transfers: [{ nonce, verdict, state, reason, votes, threshold, as_of, dissenters }] }) => ({ nonce, verdict, state, reason, votes, threshold, as_of, dissenters });
    same(picked(JSON.parse(await readFile(report.path, "utf8"))), picked(JSON.parse(stdout)));
  },

  async "a copied link brings another browser to the same verdict"(world) {
    const visit = await proven(world, "20");
    await visit.get("copy-link").click();
    await visit.page.waitForFunction(async () => (await navigator.clipboard.readText()).includes("#"));
    const link = await visit.page.evaluate(() => navigator.clipboard.readText());
    ok(link.startsWith(world.address), link);
    ok(!link.includes("rpc."), "addresses of nodes may hold keys");
    const other = await world.visit({ link: { rpc: world.rpc } });
    await other.page.goto("about:blank");
    await other.page.goto(link);
    await other.get("offer-accept").click();
    const shown = await other.verdict();
    same([shown.state, shown.nonce], ["fraud", "20"]);
  },

  async "a link to a dropped bundle holds the bundle"(world) {
    const entry = await world.bundle("bundles", "attempted");
    const visit = await world.visit({ link: { trust: await readFile(entry.trustPath, "utf8"), now: entry.now }, context: { permissions: ["clipboard-read", "clipboard-write"] } });
    await visit.give(entry.path);
    await visit.verdict();
    await visit.get("copy-link").click();
    // What an earlier test copied may still lie there.
    let link = "";
    while (!link.includes("bundle=")) link = await visit.page.evaluate(() => navigator.clipboard.readText());
    const other = await world.visit();
    await other.page.goto("about:blank");
    await other.page.goto(link);
    await other.get("offer-accept").click();
    same((await other.verdict()).state, "attempted");
  },
};
