// A viem client asks the nodes; Spanlight checks what they say. The transaction requests or executes a transfer:
//   node with-viem.mjs trust.json main http://main… http://service… 0x…
import { readFile } from "node:fs/promises";
import { createPublicClient, http } from "viem";
import { prove } from "spanlight";

const [trust, from, main, service, transaction, now] = process.argv.slice(2);

function endpoint(address) {
  return createPublicClient({ transport: http(address) });
}

const { transfers } = await prove(
  { transaction },
  {
    trust: await readFile(trust, "utf8"),
    from,
    endpoints: { main: endpoint(main), service: endpoint(service) },
    now: now ? BigInt(now) : new Date(),
  },
);
for (const { nonce, verdict, state, votes, threshold } of transfers) console.log(`transfer ${nonce}: ${verdict} ${state}, ${votes} of ${threshold} votes`);
