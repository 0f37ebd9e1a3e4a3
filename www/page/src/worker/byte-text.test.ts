import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "./byte-text.js";

const every = Uint8Array.from({ length: 4096 }, (_, place) => (place * place + (place >> 8)) & 255);

test("bytes come back from their text", () => {
  for (const bytes of [every, every.subarray(0, 1), new Uint8Array(0), new Uint8Array(300)]) assert.deepEqual(decode(encode(bytes)), Uint8Array.from(bytes));
});

test("the text holds nothing that quotes or HTML would change", () => {
  const text = encode(every);
  assert.equal(/[\0\n\r"$'<\\`]/.test(text), false);
  assert.equal(new TextDecoder().decode(new TextEncoder().encode(text)), text);
});
