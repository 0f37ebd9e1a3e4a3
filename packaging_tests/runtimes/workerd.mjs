// An edge runtime compiles the module itself and allows nothing else. Fixtures come from outside, as everywhere.
import * as spanlight from "spanlight/module";
import judging from "./spanlight.wasm";
import gathering from "./spanlight-gathering.wasm";
import { suite } from "./suite.mjs";

spanlight.init(judging, gathering);

export default {
  async fetch(request, env) {
    const read = async (path) => new Uint8Array(await (await fetch(`${env.FIXTURES}/fixtures/${path}`)).arrayBuffer());
    return Response.json(await suite(spanlight, read, JSON.parse(env.RPC)));
  },
};
