// Several endpoints for a chain, some of them dead, behind, pruned or lying: the verdict is the same, and each is named.
// `rpc` holds the honest addresses, `liar` (see liar.mjs) and `dead`.

export async function failover(spanlight, rpc, text, check) {
  const trust = await text("bundles/handled-erc721.trust.json");
  const now = 1795398976;
  const prove = (main, more = {}) => spanlight.prove({ nonce: 11 }, { trust, from: "main", endpoints: { main, service: rpc.service }, now, ...more });
  const brief = ({ code, chain, reason, method, field }) => [chain, code, reason, method, field].filter((part) => part !== null).join(" ");
  const sorts = (notes) => [...new Set(notes.map(brief))].sort();
  const lying = (way) => `${rpc.liar}/${way}`;

  const cases = {
    dead: [rpc.dead, {}, ["main endpoint.aside rpc.transport"]],
    "of another chain": [rpc.service, {}, ["main endpoint.aside endpoint.other_chain"]],
    "slow for ever": [lying("hang"), { timeout: 200, tries: 2 }, ["main endpoint.aside rpc.transport"]],
    busy: [lying("busy"), { tries: 2 }, ["main endpoint.aside rpc.transport"]],
    "no JSON": [lying("not-json"), { tries: 1 }, ["main endpoint.aside rpc.transport"]],
    "lying about blocks": [
      lying("state-root"),
      {},
      ["main endpoint.aside consensus.foreign_seal", "main endpoint.disagreement hash", "main endpoint.disagreement stateRoot"],
    ],
    // Without the request's log a later state is asked for, which the recording does not hold.
    "keeping logs back": [lying("no-logs"), {}, ["main endpoint.passed_over", "main endpoint.refused rpc.node kaia_getProof"]],
    pruned: [lying("pruned"), {}, ["main endpoint.refused rpc.node kaia_getProof"]],
    "without batches": [lying("no-batches"), {}, []],
    "a provider that is away": [{ request: () => Promise.reject(new Error("away")) }, {}, ["main endpoint.aside rpc.transport"]],
  };
  for (const [what, [endpoint, more, notes]] of Object.entries(cases)) {
    const proof = await prove([endpoint, rpc.main], more);
    check(`an endpoint that is ${what}: the verdict`, proof.transfers[0].state, "handled");
    check(`an endpoint that is ${what}: notes`, sorts(proof.notes), notes);
    const named = proof.notes.every(({ endpoints }) => endpoints.every((name) => name === "provider 1" || name.startsWith("http://127.0.0.1:")));
    check(`an endpoint that is ${what}: its name`, named, true);
  }

  // Each chain's good endpoint stands at another place.
  const both = { main: [lying("no-logs"), rpc.main], service: [rpc.service, rpc.dead] };
  const mixed = await spanlight.prove({ nonce: 11 }, { trust, from: "main", endpoints: both, now, tries: 1 });
  check("good ones at different places", mixed.transfers[0].state, "handled");

  const failed = async (main, more) => prove(main, more).catch((error) => error);
  const silent = await failed([rpc.dead, lying("hang")], { tries: 1, timeout: 200 });
  check("all fail: the error", [silent.name, silent.code, silent instanceof spanlight.EndpointError], ["EndpointError", "rpc.transport", true]);
  for (const part of [rpc.dead, `${rpc.liar}/...`, "kaia_chainID", "no answer within 200 ms"]) check(`all fail: it names ${part}`, silent.message.includes(part), true);
  check("all fail: notes", sorts(silent.notes), ["main endpoint.aside rpc.transport"]);
  const pruned = await failed(lying("pruned"), {});
  check("only a pruned one", [pruned.code, pruned.message.includes("kaia_getProof"), pruned.message.includes(rpc.liar)], ["rpc.pruned", true, true]);
  const wrong = await failed([], {});
  check("no endpoint at all", wrong.code, "options.endpoints");
  const notSpoken = await failed("ftp://node.example", {});
  check("an address that is none", notSpoken.code, "options.endpoints");

  const synced = await spanlight.sync({ trust, chain: "main", endpoint: [rpc.dead, rpc.main], now, mode: "sparse", tries: 1 });
  check("sync with several", [synced.head.number, sorts(synced.notes)], [629, ["main endpoint.aside rpc.transport"]]);
}
