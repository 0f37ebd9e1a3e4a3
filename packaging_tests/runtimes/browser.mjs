// What each bundler packs for a page.
import * as spanlight from "spanlight";
import { suite } from "./suite.mjs";

globalThis.runSuite = (rpc) => suite(spanlight, read, rpc);

async function read(path) {
  const answer = await fetch(`/fixtures/${path}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}
