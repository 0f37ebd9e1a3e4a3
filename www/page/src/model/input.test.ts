import assert from "node:assert/strict";
import { test } from "node:test";
import { LARGEST_BUNDLE, ofFile, ofText } from "./input.ts";

const HASH = `0x${"Ab".repeat(32)}`;

const cases: [string, string, string][] = [
  ["a hash", ` ${HASH}\n`, "transaction"],
  ["a hash without 0x", "ab".repeat(32), "transaction"],
  ["a number", "18446744073709551615", "nonce"],
  ["a link", "https://example.org/page#nonce=7", "link"],
  ["a trust file as JSON", '{"version":1,"chains":[]}', "trust"],
  ["a trust file as TOML", "version = 1\n[[chains]]", "trust"],
  ["a bundle as base64", btoa("SPLT\u0001rest"), "bundle"],
  ["a bundle as hex", "0x53504c5401", "bundle"],
];
for (const [name, text, kind] of cases) test(`the box recognizes ${name}`, () => assert.equal(ofText(text).kind, kind));

const refusals: [string, string, string][] = [
  ["nothing", "  ", "input.empty"],
  ["an address", `0x${"ab".repeat(20)}`, "input.address"],
  ["a cut hash", HASH.slice(0, 60), "input.hash_length"],
  ["a number above 64 bits", "18446744073709551616", "input.nonce_range"],
  ["a very long number", "9".repeat(5000), "input.nonce_range"],
  ["a bundle as JSON", '{"version":1,"bundle":{}}', "input.bundle_json"],
  ["words", "did it arrive?", "input.unknown"],
];
for (const [name, text, code] of refusals)
  test(`the box refuses ${name} by its own code`, () => {
    const input = ofText(text);
    assert.equal(input.kind === "refused" && input.code, code);
  });

test("a hash is written in lower case", () => assert.deepEqual(ofText(HASH), { kind: "transaction", hash: HASH.toLowerCase() }));

test("a huge file is refused by its size, before any of it is read", async () => {
  const file = { name: "huge.spl", size: LARGEST_BUNDLE + 1, slice: () => assert.fail("was read") } as unknown as File;
  const input = await ofFile(file);
  assert.equal(input.kind === "refused" && input.code, "input.too_large");
});

test("files are told apart by their first bytes and not by their names", async () => {
  const kinds = await Promise.all([
    ofFile(new File(["SPLT\u0001"], "proof.json")),
    ofFile(new File(['{"version":1}'], "trust.spl")),
    ofFile(new File(["\u0089PNG"], "picture.spl")),
    ofFile(new File([], "empty.spl")),
  ]);
  assert.deepEqual(kinds.map((input) => (input.kind === "refused" ? input.code : input.kind)), ["bundle", "trust", "input.not_bundle", "input.empty_file"]);
});
