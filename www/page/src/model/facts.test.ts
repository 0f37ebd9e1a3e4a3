import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransferVerdict } from "spanlight/module";
import { clockBehind, standing, toneOf, warns, wordsKeys } from "./facts.ts";

function transfer(fields: object): TransferVerdict {
  return { verdict: "proven", state: "handled", reason: null, code: null, notes: [], ...fields } as unknown as TransferVerdict;
}

test("a handled transfer is green, also with quiet notes", () => {
  assert.equal(toneOf(transfer({})), "good");
  assert.equal(toneOf(transfer({ notes: ["votes_by_transactions", "committee_unchecked"] })), "good");
});

for (const notes of [["a_note_of_tomorrow"], ["votes_by_transactions", "a_note_of_tomorrow"]])
  test(`a handled transfer with ${notes.join(" and ")} is not green`, () => {
    const warned = transfer({ notes });
    assert.ok(warns(warned));
    assert.equal(toneOf(warned), "warn");
    assert.deepEqual(wordsKeys(warned), ["handled_with_warning"]);
  });

test("nothing but a proven handled transfer is green", () => {
  for (const verdict of ["proven", "not_yet_trusted", "incomplete", "unsupported", "invalid"])
    for (const state of ["handled", "requested", "voting", "stuck", "fraud", "attempted", "unrequested", null])
      assert.equal(toneOf(transfer({ verdict, state })) === "good", verdict === "proven" && state === "handled", `${verdict} ${state}`);
});

test("a clock that is behind is told with the largest of what was found", () => {
  const report = (notes: object[]): Parameters<typeof clockBehind>[0] => ({ transfers: [], notes }) as unknown as Parameters<typeof clockBehind>[0];
  assert.equal(clockBehind({ transfers: [] } as unknown as Parameters<typeof clockBehind>[0]), null);
  assert.equal(clockBehind(report([{ code: "endpoint.aside", seconds: null }])), null);
  assert.equal(clockBehind(report([{ code: "clock.behind", seconds: 16n }, { code: "clock.behind", seconds: 40n }])), 40);
});

test("a chain that stands still is told with its newest block", () => {
  const notes = [{ code: "chain.stands_still", chain: "main", height: 7n, since: 1795398976n }, { code: "endpoint.aside", chain: "service", height: null, since: null }];
  assert.deepEqual(standing({ transfers: [], notes } as unknown as Parameters<typeof standing>[0]), [{ chain: "main", block: 7n, since: 1795398976n }]);
});
