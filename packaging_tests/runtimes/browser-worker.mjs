// As browser.mjs, with the calls answered by a web worker.
import { startWorker, SpanlightError } from "spanlight/worker";

globalThis.runSuite = async () => {
  const worker = startWorker();
  const result = { passed: 0, failures: [] };
  const check = (what, holds) => (holds ? (result.passed += 1) : result.failures.push(`worker: ${what}`));
  const bytes = async (path) => new Uint8Array(await (await fetch(`/fixtures/${path}`)).arrayBuffer());
  const trust = await (await fetch("/fixtures/bundles/stuck.trust.json")).text();
  const report = await worker.verify(await bytes("bundles/stuck.spl"), trust, 1795398976);
  check("verdict", report.transfers[0].state === "stuck" && report.transfers[0].nonce === 9n);
  const refused = await worker.verify(new Uint8Array(3), trust).catch((error) => error);
  check("error", refused instanceof SpanlightError && refused.code.startsWith("bundle."));
  let steps = 0;
  const all = await worker.sync({ trust, chain: "main", endpoint: globalThis.rpc.main, now: 1795398976, onProgress: () => (steps += 1) });
  check("progress", all.head.number === 629n && steps > 0);
  const several = await worker.sync({ trust, chain: "main", endpoint: [new URL(globalThis.rpc.dead), globalThis.rpc.main], now: 1795398976, tries: 1 });
  check("several endpoints", several.head.number === 629n && several.notes[0].code === "endpoint.aside");
  const silent = await worker.sync({ trust, chain: "main", endpoint: globalThis.rpc.dead, tries: 1 }).catch((error) => error);
  check("notes of an error", silent.code === "rpc.transport" && silent.notes[0].endpoints[0] === globalThis.rpc.dead);
  const signal = AbortSignal.abort("enough");
  check("abort", (await worker.sync({ trust, chain: "main", endpoint: globalThis.rpc.main, signal }).catch((reason) => reason)) === "enough");
  worker.close();
  return result;
};
