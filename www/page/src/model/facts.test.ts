import assert from "node:assert/strict";
import { test } from "node:test";
import type { TransferVerdict } from "spanlight/module";
import { toneOf, warns, wordsKeys } from "./facts.ts";

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
