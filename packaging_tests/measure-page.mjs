// The measurements in a page.
import { cold, curves, warm } from "./measure-suite.mjs";

const read = async (path) => new Uint8Array(await (await fetch(`/fixtures/${path}`)).arrayBuffer());
const load = () => import("/spanlight/index.js");

globalThis.measure = {
  cold: () => cold(load, read),
  warm: async (names) => warm(await load(), read, names),
  curves: async () => curves(await load(), read),
};
