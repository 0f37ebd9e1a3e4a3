// Did it arrive? Five lines: node verify.mjs transfer.spl trust.json
import { readFile } from "node:fs/promises";
import { verify } from "spanlight";
const [bundle, trust, now] = process.argv.slice(2);
const { transfers } = await verify(await readFile(bundle), await readFile(trust, "utf8"), now ? BigInt(now) : new Date());
for (const { nonce, verdict, state, detail } of transfers) console.log(`transfer ${nonce}: ${verdict}`, state ?? detail);
