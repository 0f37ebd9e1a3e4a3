import { readFile } from "node:fs/promises";

type Bytes = Promise<Uint8Array<ArrayBuffer>>;

/** The bytes of the part that judges, beside this file. */
export function readJudging(): Bytes {
  // @ts-ignore TS1343: the CommonJS build replaces this file.
  return readFile(new URL("./spanlight.wasm", import.meta.url)) as Bytes;
}

/** The bytes of the part that gathers. */
export function readGathering(): Bytes {
  // @ts-ignore TS1343: the CommonJS build replaces this file.
  return readFile(new URL("./spanlight-gathering.wasm", import.meta.url)) as Bytes;
}
