// An ethers provider asks the nodes; Spanlight checks what they say. The transaction requests or executes a transfer:
//   node with-ethers.mjs trust.json main http://main… http://service… 0x…
import { readFile } from "node:fs/promises";
import { JsonRpcProvider, Network } from "ethers";
import { prove } from "spanlight";

const [trust, from, main, service, transaction, now] = process.argv.slice(2);

function endpoint(address) {
  const provider = new JsonRpcProvider(address, undefined, { staticNetwork: Network.from(1) });
  return { request: ({ method, params }) => provider.send(method, params) };
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
