// A chain that runs, older than a walk over it takes, and endpoints that are late: by the time that a header arrives, newer ones
// are there. The verdict is that of a recording, and nobody is blamed. Knows neither Node nor a browser.

/** How late each endpoint answers every request, in milliseconds. */
const LATE = [50, 400, 2000];

/** Notes that blame somebody. That a full node has no old state blames nobody: votes are then read from a newer one. */
export function blaming(notes) {
  return notes?.filter(({ code, detail }) => !(code === "endpoint.refused" && detail.includes("missing trie node")));
}

/** `devnet`: its trust, and for each chain the address of a relay that is late by what the path says. */
export async function live(spanlight, { trust, main, service, blocks }) {
  const result = { passed: 0, failures: [] };
  const check = (what, holds, got) => (holds ? (result.passed += 1) : result.failures.push(`${what}: ${got}`));
  await Promise.all(
    LATE.map(async (late) => {
      const endpoints = { main: `${main}/late-${late}`, service: `${service}/late-${late}` };
      const proof = await spanlight.prove({ nonce: 0 }, { trust, from: "main", endpoints }).catch((error) => error);
      const [transfer] = proof.transfers ?? [];
      check(`${late} ms late: the verdict`, transfer?.verdict === "proven" && transfer.state === "handled", transfer?.code ?? proof);
      check(`${late} ms late: no warning`, transfer?.notes.every((note) => note !== "rests_on_block_times"), transfer?.notes);
      const blames = blaming(proof.notes);
      check(`${late} ms late: no endpoint is blamed`, blames?.length === 0, blames?.map(({ detail }) => detail));
    }),
  );
  const { head } = await spanlight.sync({ trust, chain: "main", endpoint: `${main}/late-50` });
  check("the chain is old", head.number >= blocks, head.number);
  return result;
}
