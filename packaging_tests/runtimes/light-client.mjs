// A light client that is fed by hand: started at a checkpoint, stored, brought back, and led astray in vain.
export async function light(spanlight, read, rpc, failures) {
  let passed = 0;
  const expect = (what, holds) => (holds ? (passed += 1) : failures.push(`light client: ${what}`));
  const trust = JSON.parse(new TextDecoder().decode(await read("trust.json")));
  const now = 1795398976;
  const raw = (number) => rawHeader(rpc, number);
  const headers = await Promise.all(Array.from({ length: 30 }, (_, number) => raw(number)));

  const client = await spanlight.LightClient.start(trust, "service", headers[0], now);
  await client.advance(headers.slice(1, 10), now);
  expect("follows", client.head.number === 9n && client.council.length === 4 && client.chain === "service");
  const again = await spanlight.LightClient.restore(JSON.stringify(client), now);
  expect("is restored as it was", again.head.hash === client.head.hash);
  await again.advance(headers.slice(10), now);
  expect("follows on", again.head.number === 29n);

  const refusal = await again.advance([headers[5]], now).catch((error) => error);
  expect("refuses an old header", refusal instanceof spanlight.SpanlightError && refusal.code.startsWith("header."));
  expect("stays where it was", again.head.number === 29n);
  const stolen = JSON.stringify(client).replace(/.{40}$/, "");
  const broken = await spanlight.LightClient.restore(stolen, now).catch((error) => error);
  expect("refuses a broken state", broken.name === "InputError");
  return passed;
}

// What a node answers in JSON becomes the bytes that it gives in RLP.
export async function fromJson(spanlight, read, rpc, failures) {
  const trust = await read("trust.json");
  let passed = 0;
  for (const [method, number] of [["kaia_getHeaderByNumber", 7], ["kaia_getBlockByNumber", 8]]) {
    const params = [hex(number), ...(method.includes("Block") ? [false] : [])];
    const [header, wanted] = await Promise.all([ask(rpc, method, params), rawHeader(rpc, number)]);
    for (const [form, json] of Object.entries({ object: header, text: JSON.stringify(header) })) {
      const bytes = await spanlight.headerBytes(json, trust, "service").catch((error) => error);
      if (bytes instanceof Uint8Array && Buffer.from(bytes).equals(wanted)) passed += 1;
      else failures.push(`${method}, ${form}: ${bytes}`);
    }
  }
  const lacking = await spanlight.headerBytes({ number: "0x1" }, trust, "service").catch((error) => error);
  if (lacking instanceof spanlight.SpanlightError && lacking.code.startsWith("header.")) passed += 1;
  else failures.push(`a header that lacks fields: ${lacking}`);
  return passed;
}

const hex = (number) => `0x${number.toString(16)}`;

async function ask(rpc, method, params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const answer = await fetch(rpc.service, { method: "POST", headers: { "content-type": "application/json" }, body });
  return (await answer.json()).result;
}

async function rawHeader(rpc, number) {
  return firstItem(Buffer.from(await ask(rpc, "debug_getBlockRlp", [hex(number)]), "hex"));
}

// A block's RLP is [header, transactions].
function firstItem(block) {
  const start = block[0] > 0xf7 ? 1 + block[0] - 0xf7 : 1;
  const lengthBytes = block[start] - 0xf7;
  const length = Number(`0x${block.subarray(start + 1, start + 1 + lengthBytes).toString("hex")}`);
  return new Uint8Array(block.subarray(start, start + 1 + lengthBytes + length));
}
