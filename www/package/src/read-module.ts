import { readFile } from "node:fs/promises";

/** The bytes of the module beside this file. */
export function readModule(): Promise<Uint8Array<ArrayBuffer>> {
  // @ts-ignore TS1343: the CommonJS build replaces this file.
  return readFile(new URL("./spanlight.wasm", import.meta.url)) as Promise<Uint8Array<ArrayBuffer>>;
}
