import assert from "node:assert/strict";
import { test } from "node:test";
import { restoredRow, type Row } from "./row.ts";

const row: Row = {
  from: "main",
  to: "service",
  nonce: 7n,
  verdict: "proven",
  state: "handled",
  reason: null,
  code: null,
  detail: null,
  votes: 3,
  threshold: 3,
  culprits: [],
  dissenters: [],
  operators: [{ address: "0x1", role: "voted" }],
  notes: [],
  kind: "coin",
  amount: 5n,
  request: "0x2",
  execution: null,
  as_of: { source: { number: 9n, hash: "0x3", time: 1n }, destination: null },
  now: 1795398976,
  tone: "good",
};

test("a kept row comes back as it was", () => assert.deepEqual(restoredRow(row, "main"), row));

test("its colour follows from its verdict, whatever was kept", () => {
  assert.equal(restoredRow({ ...row, state: "fraud", reason: "differs" }, "main")?.tone, "bad");
  assert.equal(restoredRow({ ...row, notes: ["a_note_of_tomorrow"] }, "main")?.tone, "warn");
});

test("rows of the other direction are left out", () => assert.equal(restoredRow(row, "service"), null));

for (const damaged of [null, 7, {}, { ...row, nonce: 7 }, { ...row, culprits: "0x1" }, { ...row, operators: [null] }, { ...row, as_of: null }, { ...row, as_of: { source: {}, destination: null } }, { ...row, notes: [1] }, { ...row, now: undefined }])
  test(`no row: ${JSON.stringify(damaged, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))?.slice(-60)}`, () => assert.equal(restoredRow(damaged, "main"), null));
