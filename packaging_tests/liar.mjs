// A node that is not to be relied upon: passes calls on to an honest one and spoils them, in the way that the path says.
import { createServer } from "node:http";

const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };

// What becomes of one call's answer; a way without an entry here spoils the whole exchange.
const WAYS = {
  // Another state root from block 600 on.
  "state-root": (call, answer) => {
    if (call.method === "kaia_getHeaderByNumber" && Number(answer.result.number) >= 600) answer.result.stateRoot = answer.result.parentHash;
  },
  // Keeps events back.
  "no-logs": (call, answer) => {
    if (call.method === "kaia_getLogs") answer.result = [];
  },
  // Has not kept any state.
  pruned: (call, answer) => {
    if (call.method !== "kaia_getProof") return;
    delete answer.result;
    answer.error = { code: -32000, message: "missing trie node" };
  },
};

export async function startLiar(honest) {
  const requests = {};
  const server = createServer(async (request, response) => {
    const way = request.url.slice(1);
    requests[way] = (requests[way] ?? 0) + 1;
    let text = "";
    for await (const chunk of request) text += chunk;
    const send = (status, body) => response.writeHead(status, { ...CORS, "content-type": "application/json" }).end(body);
    if (request.method === "OPTIONS") return send(204, "");
    const late = /^late-(\d+)$/.exec(way)?.[1];
    if (late !== undefined) await new Promise((later) => setTimeout(later, Number(late)));
    if (way === "hang") return;
    if (way === "busy") return send(503, "later");
    if (way === "not-json") return send(200, "<html>");
    const calls = JSON.parse(text);
    if (way === "no-batches" && Array.isArray(calls)) return send(200, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}}`);
    const headers = { "content-type": "application/json" };
    const answers = await (await fetch(honest, { method: "POST", headers, body: text })).json();
    const byId = new Map([answers].flat().map((answer) => [answer.id, answer]));
    for (const call of [calls].flat()) WAYS[way]?.(call, byId.get(call.id));
    send(200, JSON.stringify(answers));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const address = `http://127.0.0.1:${server.address().port}`;
  return { address, requests, close: () => server.closeAllConnections() ?? server.close() };
}

// An address at which nobody listens.
export async function nobody() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${port}`;
}
