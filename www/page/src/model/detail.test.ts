import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { details as en } from "../text/en.details.ts";
import { details as ko } from "../text/ko.details.ts";
import { detailIn } from "./detail.ts";

const forged = join(process.cwd(), "../../tests/fixtures/forged/index.json");

test("each sentence of the core in the fixtures is said in both languages", async () => {
  const entries = JSON.parse(await readFile(forged, "utf8")) as { expected: { detail: string | null }[] }[];
  const said = entries.flatMap(({ expected }) => expected ?? []).map(({ detail }) => detail).filter((detail) => detail !== null);
  assert.ok(said.length >= 12);
  for (const detail of said) {
    assert.notEqual(detailIn(en, detail), detail);
    assert.match(detailIn(ko, detail), /[가-힣]/);
  }
});

test("what has no pattern is shown as it was said", () => assert.equal(detailIn(ko, "governance contract"), "governance contract"));

test("what anybody may do is said only where the core says it", () => {
  for (const words of [en, ko]) {
    assert.match(detailIn(words, "the outflow limit lets it leave now, by anybody's call too"), /handleWithSignatures/);
    const operatorsOnly = detailIn(words, "the outflow limit lets it leave now");
    assert.notEqual(operatorsOnly, "the outflow limit lets it leave now");
    assert.doesNotMatch(operatorsOnly, /handleWithSignatures/);
  }
});

test("parts keep their places", () => {
  assert.equal(detailIn(en, "chain main is trusted up to block 5, block 9 is needed"), "main is trusted up to block 5, and block 9 is needed");
});
