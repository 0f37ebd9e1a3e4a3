/** @jest-environment jsdom */
// The packed package as Jest requires it in its sandbox of a browser: files are there, fetch and the coders of text are not.
const { readFile } = require("node:fs/promises");
const { join } = require("node:path");

const fixture = (name) => readFile(join(process.env.FIXTURES, "bundles", name));

for (const entry of ["spanlight", "spanlight/inline", "spanlight/worker", "spanlight/worker-parts", "spanlight/module"])
  test(`${entry} loads`, () => expect(typeof document === "object" && Object.keys(require(entry)).length > 0).toBe(true));

for (const entry of ["spanlight", "spanlight/inline"])
  test(`${entry} judges`, async () => {
    const { transfers } = await require(entry).verify(await fixture("stuck.spl"), await fixture("stuck.trust.json"), { now: new Date(1795398976000) });
    expect(transfers[0].state).toBe("stuck");
    expect(JSON.parse(JSON.stringify(transfers[0])).nonce).toBe("9");
  });

test("without fetch an address is refused by name", async () => {
  const { sync, EndpointError } = require("spanlight");
  const asked = sync({ trust: await fixture("stuck.trust.json"), chain: "main", endpoint: "http://127.0.0.1:9", tries: 1 });
  await expect(asked).rejects.toThrow(/no fetch; give an object with a `request`/);
  await expect(asked).rejects.toBeInstanceOf(EndpointError);
});

test("a worker is refused by name", () => {
  const { startWorker } = require("spanlight/worker");
  expect(() => startWorker()).toThrow(expect.objectContaining({ name: "InputError", code: "options.worker" }));
  for (const odd of [null, {}, 5, "worker.js"]) expect(() => startWorker(odd)).toThrow(expect.objectContaining({ code: "options.worker" }));
});
