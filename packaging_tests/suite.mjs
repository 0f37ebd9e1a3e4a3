// What every runtime and every bundle runs. Knows neither Node nor a browser: it gets the package and a way to read files.
// `read(path)` gives the bytes of a file under tests/fixtures; `rpc` holds the addresses of the replayed nodes, if there are any.

import { failover } from "./failover.mjs";
import { misuse } from "./misuse.mjs";

export async function suite(spanlight, read, rpc) {
  const failures = [];
  let passed = 0;
  const check = (what, got, wanted) => {
    const [a, b] = [plain(got), plain(wanted)];
    if (a === b) passed += 1;
    else failures.push(`${what}: expected ${b.slice(0, 400)}, got ${a.slice(0, 400)}`);
  };
  const attempt = async (what, job) => {
    try {
      await job();
    } catch (error) {
      failures.push(`${what}: ${error?.stack ?? error}`);
    }
  };
  const text = async (path) => new TextDecoder().decode(await read(path));

  for (const folder of ["bundles", "forged"]) {
    for (const vector of JSON.parse(await text(`${folder}/index.json`))) {
      await attempt(vector.bundle, async () => {
        const [bundle, trust] = [await read(`${folder}/${vector.bundle}`), await text(`${folder}/${vector.trust}`)];
        const report = await spanlight.verify(bundle, trust, vector.now);
        for (const transfer of report.transfers) delete transfer.checks;
        check(vector.bundle, report.transfers, vector.expected);
        check(`${vector.bundle}, seals`, report.seals, vector.seals);
        if (folder === "forged") {
          const { equivocations, complete, completeness = null, anchored = null } = report;
          const wanted = { equivocations: vector.equivocations, complete: vector.complete, completeness: vector.completeness, anchored: vector.anchored };
          check(`${vector.bundle}, other claims`, { equivocations, complete, completeness, anchored }, wanted);
        }
        check(`${vector.bundle} with the trust as an object`, (await spanlight.verify(bundle, JSON.parse(trust), BigInt(vector.now))).transfers.length, vector.expected.length);
        if (rpc) check(`summary of ${vector.bundle}`, (await spanlight.inspect(bundle, trust)).verified, false);
        const changed = bundle.slice();
        changed[Math.floor(changed.length / 2)] ^= 0x55;
        check(`${vector.bundle} with a changed byte`, await isProven(spanlight, changed, trust, vector.now), false);
      });
    }
  }

  const [trust, bundle] = [await text("bundles/handled-coin.trust.json"), await read("bundles/handled-coin.spl")];
  await attempt("types", async () => {
    const [transfer] = (await spanlight.verify(bundle, trust, new Date(1795398976000))).transfers;
    check("numbers of 64 bits are bigint", [typeof transfer.nonce, typeof transfer.as_of.source.time, typeof transfer.votes], ["bigint", "bigint", "number"]);
    const { request, execution } = transfer;
    check("amounts are bigint", [request.amount === 500000000000000000n, request.fee === 0n, execution.amount === 500000000000000000n, execution.token_id], [true, true, true, null]);
    // Judging alone summarizes nothing.
    if (!rpc) return;
    const { chains, claim } = await spanlight.inspect(bundle);
    check("a summary's numbers", [typeof claim.transfers[0], typeof chains[0].headers.first, typeof chains[0].headers.count], ["bigint", "bigint", "number"]);
  });
  await attempt("errors", async () => {
    const thrown = async (job) => {
      try {
        await job();
      } catch (error) {
        return [error instanceof spanlight.SpanlightError, error.name, error.code];
      }
      return "nothing";
    };
    const Error = (name, code) => [true, name, code];
    check("not a bundle", await thrown(() => spanlight.verify(new Uint8Array(9), trust, 1)), Error("InputError", "bundle.magic"));
    check("an empty bundle", (await thrown(() => spanlight.verify(new Uint8Array(), trust, 1)))[1], "InputError");
    check("a path for bytes", await thrown(() => spanlight.verify("transfer.spl", trust, 1)), Error("InputError", "options.bundle"));
    check("neither JSON nor TOML", await thrown(() => spanlight.verify(bundle, "<html>", 1)), Error("TrustError", "trust.syntax"));
    check("not a trust", await thrown(() => spanlight.verify(bundle, "{}", 1)), Error("TrustError", "trust.json"));
    check("an inexact number", await thrown(() => spanlight.verify(bundle, { version: 2 ** 60 }, 1)), Error("TrustError", "trust.json"));
    check("a trust of another version", await thrown(() => spanlight.verify(bundle, trust.replace('"version": 1', '"version": 9'), 1)), Error("TrustError", "trust.version"));
    for (const now of [NaN, Infinity, -1, -1n, 1e30, 1n << 64n, (1n << 64n) + 1_700_000_000n])
      check(`a time that is none: ${now}`, (await thrown(() => spanlight.verify(bundle, trust, now)))[2], "options.now");
  });

  await attempt("misuse", () => misuse(spanlight, read, check, rpc !== undefined));
  if (rpc) await attempt("audits", () => audits(spanlight, rpc, text, check));
  if (rpc?.liar) await attempt("failover", () => failover(spanlight, rpc, text, check));
  return { passed, failures };
}

async function audits(spanlight, rpc, text, check) {
  const trust = await text("trust.json");
  const now = 1795398976;
  // All 37 verdicts, every field of them, as natively: crates/prover/tests/verdicts.rs reads the same file.
  for (const { from, range, now, transfers, seals, complete, completeness } of JSON.parse(await text("verdicts.json"))) {
    let steps = 0;
    const onProgress = () => (steps += 1);
    const found = await spanlight.audit(range, { trust, from, endpoints: rpc, now, onProgress, beyond: true });
    const told = found.transfers.map(({ checks, ...verdict }) => verdict);
    check(`audit of ${from}: number of verdicts`, told.length, transfers.length);
    for (const [place, wanted] of transfers.entries()) check(`verdict on ${from} ${wanted.nonce}`, told[place], wanted);
    check(`audit of ${from}: seals and completeness`, [found.seals, found.complete, found.completeness], [seals, complete, completeness]);
    check(`audit of ${from}: votes looked for`, found.vote_scan, "full");
    check(`audit of ${from}: progress`, steps > 20, true);
    const again = await spanlight.verify(found.bundle, trust, now);
    check(`audit of ${from}: its bundle says the same`, again.transfers.map(({ state }) => state), found.transfers.map(({ state }) => state));
  }
  const options = { trust, from: "main", endpoints: rpc, now };
  const proof = await spanlight.prove({ nonce: 0 }, options);
  check("prove a nonce", proof.transfers[0].state, "handled");
  const { head, checkpoint } = await spanlight.sync({ trust, chain: "service", endpoint: rpc.service, now, mode: "sparse" });
  const moved = JSON.parse(trust);
  moved.chains.find(({ profile }) => profile.name === "service").checkpoint = checkpoint;
  const further = await spanlight.sync({ trust: moved, chain: "service", endpoint: rpc.service, now });
  check("a checkpoint carries on", [further.head.hash, further.headers_checked], [head.hash, 0]);

  const control = new AbortController();
  const onProgress = ({ done }) => done > 10 && control.abort("enough");
  const stopped = await spanlight.prove({ nonce: 0 }, { ...options, onProgress, signal: control.signal }).catch((reason) => reason);
  check("abort", stopped, "enough");
  const nobody = await spanlight.sync({ trust, chain: "main", endpoint: { request: () => Promise.reject(new Error("away")) }, now }).catch((e) => e);
  check("an endpoint that is away", [nobody.name, nobody.code, nobody.cause?.message], ["EndpointError", "rpc.transport", "away"]);
}

async function isProven(spanlight, bundle, trust, now) {
  try {
    const { transfers, equivocations, anchored } = await spanlight.verify(bundle, trust, now);
    const verdicts = [...transfers, ...equivocations, ...(anchored ? [anchored] : [])];
    return verdicts.every(({ verdict }) => verdict === "proven");
  } catch (error) {
    if (error instanceof spanlight.SpanlightError) return false;
    throw error;
  }
}

// Equal values give equal texts: names sorted, a number of any type as its digits.
function plain(value) {
  const inOrder = (_, v) => {
    if (typeof v === "bigint" || typeof v === "number") return v.toString();
    return v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v;
  };
  return JSON.stringify(value, inOrder) ?? "undefined";
}
