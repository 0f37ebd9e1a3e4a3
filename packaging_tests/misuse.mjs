// What a caller may get wrong: every call with every kind of wrong argument. Whatever comes back is one of our errors with a code,
// never a TypeError of our insides. Runs in every runtime.

const text = (bytes) => new TextDecoder().decode(bytes);

/** Things that somebody may hand over by mistake. */
const ODD = () => {
  const circle = {};
  circle.self = circle;
  return [undefined, null, true, -1, 0.5, NaN, Infinity, 2 ** 60, -1n, 1n << 64n, "", "trust.json", Symbol("s"), () => {}, [], [undefined], [[]], {}, { now: "soon" }, circle, new Date(NaN), new Map(), Promise.resolve(), Object.create(null), new Uint16Array(3), new ArrayBuffer(2)];
};

/** `whole`: both parts of the module are there. */
export async function misuse(spanlight, read, check, whole) {
  const trust = text(await read("bundles/handled-coin.trust.json"));
  const bundle = await read("bundles/handled-coin.spl");
  const now = 1795398976;
  const nowhere = "http://127.0.0.1:9";
  const endpoints = { main: nowhere, service: nowhere };
  const options = { trust, from: "main", endpoints, now, tries: 1 };
  const syncing = { trust, chain: "main", endpoint: nowhere, now, tries: 1 };
  const { verify, inspect, prove, audit, sync, headerBytes, LightClient } = spanlight;

  const raw = [];
  const codes = new Set();
  const tried = async (what, job) => {
    try {
      await job();
    } catch (error) {
      if (error instanceof spanlight.SpanlightError && error.code !== "wasm.crash" && error.message.length > 10) codes.add(error.code);
      else raw.push(`${what}: ${error?.name} ${error?.message}`);
    }
  };
  const calls = {
    "verify, bundle": (odd) => verify(odd, trust, now),
    "verify, trust": (odd) => verify(bundle, odd, now),
    "verify, time": (odd) => verify(bundle, trust, odd),
    "inspect, bundle": (odd) => inspect(odd),
    "inspect, trust": (odd) => inspect(bundle, odd),
    "prove, subject": (odd) => prove(odd, options),
    "prove, options": (odd) => prove({ nonce: 0 }, odd),
    "audit, range": (odd) => audit(odd, options),
    "audit, options": (odd) => audit([0, 1], odd),
    "sync, options": (odd) => sync(odd),
    "header, JSON": (odd) => headerBytes(odd, trust, "main"),
    "header, trust": (odd) => headerBytes({}, odd, "main"),
    "header, chain": (odd) => headerBytes({}, trust, odd),
    "light client, trust": (odd) => LightClient.start(odd, "main", new Uint8Array(1), now),
    "light client, chain": (odd) => LightClient.start(trust, odd, new Uint8Array(1), now),
    "light client, header": (odd) => LightClient.start(trust, "main", odd, now),
    "light client, state": (odd) => LightClient.restore(odd, now),
    "light client, stored state": (odd) => LightClient.restore({ state: odd }, now),
    "light client, made by hand": (odd) => new LightClient(odd)?.head,
  };
  for (const name of ["nonce", "transaction", "range"]) calls[`subject ${name}`] = (odd) => prove({ [name]: odd }, options);
  for (const name of ["trust", "from", "endpoints", "now", "mode", "headers", "scan", "window", "timeout", "tries", "batch", "maxLag", "onProgress", "signal", "beyond"]) {
    calls[`audit option ${name}`] = (odd) => audit([0, 1], { ...options, [name]: odd });
  }
  for (const name of ["trust", "chain", "endpoint", "to", "deep"]) calls[`sync option ${name}`] = (odd) => sync({ ...syncing, [name]: odd });
  calls["an endpoint"] = (odd) => prove({ nonce: 0 }, { ...options, endpoints: { ...endpoints, service: odd } });
  calls["an endpoint in a list"] = (odd) => sync({ ...syncing, endpoint: [nowhere, odd] });
  calls["a provider's answer"] = (odd) => sync({ ...syncing, endpoint: { request: async () => odd } });
  calls["a provider that throws"] = (odd) => sync({ ...syncing, endpoint: { request: () => Promise.reject(odd) } });
  calls["a provider that throws at once"] = (odd) => sync({ ...syncing, endpoint: { request: () => { throw odd; } } });
  // 0 seconds and block 0 are what somebody may mean.
  for (const [what, call] of Object.entries(calls)) for (const odd of ODD()) await tried(what, () => call(odd));
  check("no wrong argument gives a raw error", raw.slice(0, 5), []);
  check("wrong arguments have codes of their own", codes.size > 20, true);

  await words(spanlight, { trust, bundle, now, nowhere, options, syncing }, check);
  await secrets(spanlight, syncing, check);
  await forms(spanlight, read, { trust, bundle, now, whole }, check);
}

/** What a message names, where somebody made a likely mistake. */
async function words({ prove, sync, verify, LightClient }, { trust, bundle, now, nowhere, options, syncing }, check) {
  const { endpoint: _, ...without } = syncing;
  const cases = [
    ["sync with `endpoints`", () => sync({ ...without, endpoints: nowhere }), "options.endpoints", "`endpoint`"],
    ["sync with no endpoint", () => sync({ ...syncing, endpoint: undefined }), "options.endpoints", "environment variable"],
    ["prove without endpoints", () => prove({ nonce: 0 }, { ...options, endpoints: undefined }), "options.endpoints", `{ "main": …, "service": … }`],
    ["prove with one address", () => prove({ nonce: 0 }, { ...options, endpoints: nowhere }), "options.endpoints", "nodes of each chain"],
    ["prove with one chain", () => prove({ nonce: 0 }, { ...options, endpoints: { main: nowhere } }), "options.endpoints", "`service`"],
    ["an unset variable", () => prove({ nonce: 0 }, { ...options, endpoints: { main: nowhere, service: undefined } }), "options.endpoints", "endpoints.service"],
    ["a chain with a typing error", () => prove({ nonce: 0 }, { ...options, from: "mian" }), "options.from", "`main` and `service`"],
    ["the path of a trust file", () => verify(bundle, "trust.json", now), "trust.syntax", "not its path"],
    ["a number with a point in TOML", () => verify(bundle, "version = 1.0", now), "trust.json", "whole number"],
    ["a provider in the wrong place", () => sync({ ...syncing, endpoint: { provider: {} } }), "options.endpoints", "EIP-1193"],
    ["a Map of endpoints", () => prove({ nonce: 0 }, { ...options, endpoints: new Map() }), "options.endpoints", "no node of chain `main`"],
    ["a timeout that no timer can wait", () => sync({ ...syncing, timeout: Infinity }), "options.timeout", "Infinity"],
    ["a light client made by hand", async () => new LightClient(), "options.client", "LightClient.start"],
  ];
  for (const [what, job, code, part] of cases) {
    const error = await job().catch((thrown) => thrown);
    check(what, [error.code, error.message?.includes(part)], [code, true]);
    if (error.message?.includes(part) !== true) check(`${what}: its words`, error.message, part);
  }
}

/** Addresses of hosted nodes hold passwords and keys: no error repeats them. */
async function secrets({ sync }, syncing, check) {
  for (const endpoint of ["http://user:s3cret@127.0.0.1:9/s3cret", "http:/\\[s3cret", "ws://node.example/s3cret"]) {
    const error = await sync({ ...syncing, endpoint }).catch((thrown) => thrown);
    const told = [error.code, error.message, JSON.stringify(error.notes), error.cause?.message, error.cause?.stack];
    check("no error repeats what an address hides", told.filter((text) => text?.includes("s3cret")), []);
  }
}

/** The same thing in another form gives the same. */
async function forms(spanlight, read, { trust, bundle, now, whole }, check) {
  const state = async (file, by, when) => (await spanlight.verify(file, by, when)).transfers[0].state;
  const inside = new Uint8Array(bundle.length + 7);
  inside.set(bundle, 3);
  const tree = JSON.parse(trust);
  for (const [what, file] of Object.entries({
    "an ArrayBuffer": bundle.slice().buffer,
    "a DataView": new DataView(inside.buffer, 3, bundle.length),
    "a part of a larger buffer": inside.subarray(3, 3 + bundle.length),
    "a clamped array": new Uint8ClampedArray(bundle),
  })) check(`the bundle as ${what}`, await state(file, trust, now), "handled");
  const mark = "\ufeff";
  for (const [what, by] of Object.entries({
    "text with a mark before it": mark + trust,
    "bytes with a mark before them": new TextEncoder().encode(mark + trust),
    "a DataView": new DataView(new TextEncoder().encode(trust).buffer),
    "TOML": toml(tree),
    "TOML with a mark before it": mark + toml(tree),
    "bytes of TOML": new TextEncoder().encode(toml(tree)),
  })) check(`the trust as ${what}`, await state(bundle, by, now), "handled");
  if (whole) check("the trust that the command wrote in TOML", (await spanlight.inspect(bundle, text(await read("trust.toml")))).verified, false);
  for (const when of [now, BigInt(now), new Date(now * 1000), { now }, { now: BigInt(now) }, { now: new Date(now * 1000) }]) check("the time", await state(bundle, trust, when), "handled");

  const report = await spanlight.verify(bundle, trust, { now });
  const printed = JSON.parse(JSON.stringify(report));
  const [transfer] = report.transfers;
  check("a report survives JSON.stringify", [printed.transfers[0].nonce, printed.transfers[0].request.amount, printed.transfers[0].as_of.source.number], [`${transfer.nonce}`, `${transfer.request.amount}`, `${transfer.as_of.source.number}`]);
  check("so does each part", JSON.stringify(transfer.as_of), JSON.stringify(printed.transfers[0].as_of));
  const lists = [...(whole ? [await spanlight.inspect(bundle)] : []), report.seals, report.chains, report.transfers];
  check("so does everything else", lists.every((part) => JSON.stringify(part).length > 20), true);
  check("toJSON is no field", [Object.keys(report).includes("toJSON"), "toJSON" in { ...transfer }], [false, false]);
}

// Enough TOML for a trust file: inline tables all the way down.
function toml(value) {
  const inline = (part) => {
    if (Array.isArray(part)) return `[${part.map(inline).join(", ")}]`;
    if (typeof part === "object") return `{ ${fields(part).map(([name, field]) => `${JSON.stringify(name)} = ${inline(field)}`).join(", ")} }`;
    return JSON.stringify(part);
  };
  return fields(value).map(([name, field]) => `${JSON.stringify(name)} = ${inline(field)}\n`).join("");
}

function fields(table) {
  return Object.entries(table).filter(([, field]) => field !== null);
}
