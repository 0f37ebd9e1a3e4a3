// An ethers provider asks the nodes; Spanlight checks what they say. The transaction requests or executes a transfer:
//   node with-ethers.js trust.json main http://main… http://service… 0x…
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { JsonRpcProvider, Network } from "ethers";
import { prove } from "spanlight";

const [trust = "", from = "", main, service, transaction = "", now] = argv.slice(2);

// ethers would first ask for the network, which Spanlight does by itself.
const provider = (address?: string) => new JsonRpcProvider(address, undefined, { staticNetwork: Network.from(1) });

const { transfers } = await prove(
  { transaction },
  {
    trust: await readFile(trust),
    from,
    endpoints: { main: provider(main), service: provider(service) },
    ...(now !== undefined && { now: BigInt(now) }),
  },
);
for (const { nonce, verdict, state, votes, threshold } of transfers) console.log(`transfer ${nonce}: ${verdict} ${state}, ${votes} of ${threshold} votes`);
