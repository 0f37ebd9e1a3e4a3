// Without a network, and from a disk.
import { deepStrictEqual as same } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { NOW } from "../lib/world.mjs";

async function judges(world, visit, folder, name) {
  const entry = await world.bundle(folder, name);
  await visit.drop(entry.bundle, await readFile(entry.path));
  const shown = await visit.verdict();
  same([shown.verdict, shown.state], [entry.expected[0].verdict, entry.expected[0].state]);
}

const trustOf = async (world, name) => {
  const entry = await world.bundle("bundles", name);
  return { trust: await readFile(entry.trustPath, "utf8"), now: entry.now };
};

export const tests = {
  async "once loaded, a proof is judged with the network gone"(world) {
    const visit = await world.visit({ link: await trustOf(world, "handled-coin") });
    await visit.context.setOffline(true);
    const before = visit.requests.filter((url) => url.startsWith("http")).length;
    await judges(world, visit, "bundles", "handled-coin");
    same(visit.requests.filter((url) => url.startsWith("http")).length, before, "nothing was asked");
  },

  async "without a network a node cannot be reached, and that is told"(world) {
    const visit = await world.visit({ link: { trust: world.trust, rpc: world.rpc, now: NOW } });
    await visit.context.setOffline(true);
    await visit.submit("0");
    same(await visit.problem(), "rpc.unreachable");
  },

  async "opened from a disk, it judges a proof without one request"(world) {
    const visit = await world.visit({ address: world.file, context: { offline: true }, link: await trustOf(world, "stuck") });
    await judges(world, visit, "bundles", "stuck");
    same(visit.requests.filter((url) => !/^(file|blob|data):/.test(url)), []);
  },

  async "opened from a disk, it asks nodes"(world) {
    const visit = await world.visit({ address: world.file, link: { trust: world.trust, rpc: world.rpc, now: NOW } });
    await visit.submit("0");
    same((await visit.verdict()).state, "handled");
  },
};
