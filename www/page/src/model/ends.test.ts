import assert from "node:assert/strict";
import { test } from "node:test";
import { sameness } from "./ends.ts";

type Transfer = Parameters<typeof sameness>[0];

const handled: Transfer = { verdict: "proven", state: "handled", reason: null, differences: [] };
const differs: Transfer = { verdict: "proven", state: "fraud", reason: "differs", differences: [{ rule: "M4", field: "to", requested: "0x1", executed: "0x2" }] } as Transfer;

test("equal values of a compared transfer are the same", () => {
  assert.equal(sameness(handled, "amount", "5", "5"), "true");
  assert.equal(sameness(differs, "amount", "5", "5"), "true");
});

test("unequal values are never the same, listed or not", () => {
  assert.equal(sameness(differs, "to", "0x1", "0x2"), "false");
  assert.equal(sameness(differs, "amount", "5", "6"), "false");
  assert.equal(sameness(handled, "amount", "5", "6"), "false");
});

test("a listed difference counts even where the shown values are equal", () => assert.equal(sameness(differs, "to", "0x1", "0x1"), "false"));

test("a value that one end lacks is unknown", () => {
  for (const nothing of [null, undefined]) assert.equal(sameness(handled, "token_id", "5", nothing), "unknown");
});

for (const [name, transfer] of Object.entries({
  undecided: { ...handled, verdict: "incomplete", state: null },
  invalid: { ...handled, verdict: "invalid", state: null },
  "never requested": { ...handled, state: "fraud", reason: "never_requested" },
  stuck: { ...handled, state: "stuck" },
  attempted: { ...handled, state: "attempted" },
}))
  test(`nothing was compared: ${name}`, () => {
    assert.equal(sameness(transfer as Transfer, "amount", "5", "5"), "unknown");
    assert.equal(sameness(transfer as Transfer, "amount", "5", "6"), "unknown");
  });
