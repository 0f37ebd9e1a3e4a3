import assert from "node:assert/strict";
import { test } from "node:test";
import { deflate, fromBase64Url, inflate, toBase64Url } from "./bytes.ts";
import { pack, readLink, writeLink } from "./link.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

test("what a link packs, it reads again", async () => {
  const bundle = bytes(`SPLT${"x".repeat(5000)}`);
  const trust = '{"version":1,"name":"한국"}';
  const address = writeLink("https://example.org/#old", [
    ["trust", await pack(bytes(trust))],
    ["bundle", await pack(bundle)],
    ["rpc.main", "http://127.0.0.1:8551/a?b=c&d"],
    ["now", 1795398976],
  ]);
  const link = await readLink(address.slice(address.indexOf("#")));
  assert.deepEqual(link.unreadable, []);
  assert.equal(link.trust, trust);
  assert.deepEqual(link.bundle, bundle);
  assert.equal(link.endpoints["main"], "http://127.0.0.1:8551/a?b=c&d");
  assert.equal(link.now, 1795398976);
});

test("a link may carry bytes that are not packed", async () => {
  const link = await readLink(`trust=${toBase64Url(bytes('{"version":1}'))}&bundle=${toBase64Url(bytes("SPLT1"))}`);
  assert.deepEqual([link.trust, link.bundle], ['{"version":1}', bytes("SPLT1")]);
});

test("a field that cannot be read is named, and no other is lost", async () => {
  const link = await readLink("bundle=!!&nonce=seven&from=main&range=5&rpc.main=javascript:alert(1)&wat=1&now=soon&tx=%E0%A4%A");
  assert.deepEqual(link.unreadable, ["bundle", "nonce", "range", "rpc.main", "wat", "now", "tx"]);
  assert.equal(link.from, "main");
});

test("what unpacks to more than allowed is refused while it unpacks", async () => {
  const bomb = await deflate(new Uint8Array(4_000_000));
  assert.ok(bomb.length < 10_000);
  assert.equal(await inflate(bomb, 1_000_000), null);
  assert.equal((await inflate(bomb, 4_000_000))?.length, 4_000_000);
});

test("base64 refuses what is none", () => assert.equal(fromBase64Url("a*b"), null));
