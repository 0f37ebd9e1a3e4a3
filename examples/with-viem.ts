// A viem client asks the nodes; Spanlight checks what they say. The transaction requests or executes a transfer:
//   node with-viem.js trust.json main http://main… http://service… 0x…
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { createPublicClient, http } from "viem";
import { prove } from "spanlight";

const [trust = "", from = "", main, service, transaction = "", now] = argv.slice(2);

const client = (address?: string) => createPublicClient({ transport: http(address) });

const { transfers } = await prove(
  { transaction },
  {
    trust: await readFile(trust),
    from,
    endpoints: { main: client(main), service: client(service) },
    ...(now !== undefined && { now: BigInt(now) }),
  },
);
for (const { nonce, verdict, state, votes, threshold } of transfers) console.log(`transfer ${nonce}: ${verdict} ${state}, ${votes} of ${threshold} votes`);
