// Audits a range of nonces and ends with the worst verdict as its exit code, for cron and its mail:
//   TRUST=trust.json FROM=main RPC_main=http://… RPC_service=http://… node audit-cron.mjs 0 20
// 0: all handled. 1: fraud, an attempt, or evidence that is false. 2: on its way, stuck or not known. 4: an endpoint failed.
import { readFile } from "node:fs/promises";
import { audit, EndpointError } from "spanlight";

const { TRUST, FROM, NOW } = process.env;
const [first, last] = process.argv.slice(2).map(BigInt);
const named = Object.entries(process.env).filter(([name]) => name.startsWith("RPC_"));
const endpoints = Object.fromEntries(named.map(([name, address]) => [name.slice(4), address]));
const worst = { handled: 0, fraud: 1, attempted: 1, invalid: 1 };

try {
  const options = { trust: await readFile(TRUST, "utf8"), from: FROM, endpoints, now: NOW ? BigInt(NOW) : new Date() };
  const { transfers, complete, vote_scan } = await audit([first, last], options);
  const codes = transfers.map(({ verdict, state }) => worst[state ?? verdict] ?? 2);
  for (const { nonce, verdict, state, reason, culprits, detail } of transfers) {
    if (state !== "handled") console.log([`nonce ${nonce}: ${state ?? verdict}`, reason, detail, ...culprits].filter(Boolean).join(" "));
  }
  console.log(`${transfers.length} transfers, ${complete ? "these are all" : "perhaps not all"}, votes for nothing looked for: ${vote_scan}`);
  process.exitCode = codes.includes(1) ? 1 : Math.max(0, ...codes);
} catch (error) {
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = error instanceof EndpointError ? 4 : 3;
}
