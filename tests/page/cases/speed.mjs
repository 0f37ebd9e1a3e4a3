// How long somebody waits, and how much is sent.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { processorTime } from "../lib/long-tasks.mjs";

/** A phone of the middle class: the processor four times slower. Slow 4G as browsers' tools mean it. */
const SLOWER = 4;
const NETWORK = { offline: false, latency: 150, downloadThroughput: (1_600_000 / 8) * 0.9, uploadThroughput: (750_000 / 8) * 0.9 };

async function ready(world) {
  const entry = await world.bundle("bundles", "handled-coin");
  const [trust, bundle] = [await readFile(entry.trustPath, "utf8"), await readFile(entry.path)];
  const visit = await world.visit({ link: { trust, now: entry.now } });
  const data = await visit.page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "a.spl"));
    return transfer;
  }, bundle.toString("base64"));
  return { visit, data };
}

/** From the drop to the first frame with the verdict in it, by the page's own clock. */
function dropped({ visit, data }) {
  return visit.page.evaluate(
    (dataTransfer) =>
      new Promise((done) => {
        const began = performance.now();
        const seen = () => document.querySelector("[data-testid=verdict]") && requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
        new MutationObserver(seen).observe(document.body, { subtree: true, childList: true });
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
      }),
    data,
  );
}

async function firstVerdict(world) {
  const page = await ready(world);
  const session = await page.visit.context.newCDPSession(page.visit.page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  const milliseconds = await dropped(page);
  same((await page.visit.verdict()).state, "handled");
  await world.endVisits();
  return milliseconds;
}

async function firstVerdictWork(world) {
  const page = await ready(world);
  const milliseconds = await processorTime(page.visit, () => dropped(page));
  await world.endVisits();
  return milliseconds;
}

/** From the address to the verdict on the bundle in the link, in a browser that has seen neither. */
async function coldLink(world) {
  const entry = await world.bundle("bundles", "handled-coin");
  const link = { trust: await readFile(entry.trustPath, "utf8"), now: entry.now };
  const visit = await world.visit({ link });
  const session = await visit.context.newCDPSession(visit.page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await session.send("Network.emulateNetworkConditions", NETWORK);
  await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  await visit.page.goto("about:blank");
  const began = performance.now();
  await visit.go({ ...link, bundle: await readFile(entry.path) }, false);
  await visit.verdict();
  const milliseconds = performance.now() - began;
  await world.endVisits();
  return milliseconds;
}

/** The machine may be busy: the best of several shows what the page needs. Stops early where that is within `goal`. */
async function best(job, goal, most = 8) {
  let least = Infinity;
  for (let run = 0; run < 3 || (run < most && least > goal); run++) least = Math.min(least, await job());
  return least;
}

export const tests = {
  async "the first verdict of a dropped bundle is there within a second on a slow device"(world) {
    const wall = await best(() => firstVerdict(world), 1_000, 4);
    // Chromium slows the main thread only, and the clock counts what others do on this machine. The processor time of all
    // threads of the page, one after the other and each four times slower, counts neither.
    const work = await best(() => firstVerdictWork(world), 1_000 / SLOWER, 4);
    console.log(`  from the drop to the verdict on the screen, the worker not yet started: ${wall.toFixed(0)} ms by the clock with the main thread ${SLOWER} times slower; ${work.toFixed(0)} ms of processor time in all threads at full speed`);
    ok(wall <= 1_000 || work * SLOWER <= 1_000, `${wall} ms, and ${work} ms of processor time`);
  },

  async "over slow 4G with nothing cached, a link with a bundle in it is judged"(world) {
    const milliseconds = await best(() => coldLink(world), 6_000, 4);
    console.log(`  from the address to the verdict over 1.6 Mbit/s and 150 ms, main thread ${SLOWER} times slower, best of several: ${milliseconds.toFixed(0)} ms`);
    ok(milliseconds <= 20_000, `${milliseconds} ms`);
  },
};
