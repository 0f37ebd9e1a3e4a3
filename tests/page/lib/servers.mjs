// Servers for the tests: the command's own, and nodes that lie, hang, lack or are not there.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const CORS = { "access-control-allow-origin": "*", "access-control-allow-headers": "content-type", "access-control-allow-methods": "POST, OPTIONS" };

export class Servers {
  #command;
  #closing = [];

  constructor(command) {
    this.#command = command;
  }

  /** The page in `folder`, by the command. */
  async page(folder, more = []) {
    return `${await this.start(["serve", "--page", folder, "--listen", "127.0.0.1:0", ...more])}/`;
  }

  /** A recorded node. */
  replay(file) {
    return this.start(["replay", file, "--listen", "127.0.0.1:0"]);
  }

  /** `spanlight demo --page`: gives its link. */
  demo(folder) {
    return this.start(["demo", "--page", folder], /http:\/\/127\.0\.0\.1:\d+\/#\S+(?=\s)/);
  }

  /** Starts the command; gives the first thing it prints that looks like `pattern`. */
  async start(args, pattern = /http:\/\/127\.0\.0\.1:\d+/) {
    const child = spawn(this.#command, args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#closing.push(() => child.kill());
    let text = "";
    for await (const chunk of child.stdout) {
      text += chunk;
      const found = pattern.exec(text);
      if (found) return found[0];
    }
    throw new Error(`spanlight ${args.join(" ")} printed no address: ${text}`);
  }

  /** The node at `address` with answers changed: `change(call, answer)` gives the answer to a call. */
  liar(address, change, headers = CORS) {
    return this.#listen(async (body, response) => {
      if (body === "") return void response.writeHead(400).end();
      const calls = JSON.parse(body);
      const real = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body });
      const answers = await real.json();
      const one = (call) => change(call, (Array.isArray(answers) ? answers : [answers]).find(({ id }) => id === call.id));
      response.end(JSON.stringify(Array.isArray(calls) ? calls.map(one) : one(calls)));
    }, headers);
  }

  /** The node at `address`, so many milliseconds late with each answer, as one across the world is. */
  late(address, milliseconds) {
    return this.#listen(async (body, response) => {
      await sleep(milliseconds);
      const real = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body });
      response.setHeader("content-type", "application/json");
      response.end(await real.text());
    });
  }

  /** A node that takes requests and never answers. */
  hanging() {
    return this.#listen(() => {});
  }

  /** A node that answers each request so. */
  answering(status, body, headers = CORS) {
    return this.#listen((_, response) => response.writeHead(status, headers).end(body), headers);
  }

  /** An address where nobody listens. */
  async dead() {
    const server = createServer();
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    const address = `http://127.0.0.1:${server.address().port}`;
    await new Promise((closed) => server.close(closed));
    return address;
  }

  async #listen(answer, headers = CORS) {
    const server = createServer(async (request, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (request.method === "OPTIONS") return response.writeHead(204).end();
      let body = "";
      for await (const chunk of request) body += chunk;
      Promise.resolve(answer(body, response)).catch(() => response.destroy());
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    this.#closing.push(() => server.closeAllConnections() ?? server.close());
    return `http://127.0.0.1:${server.address().port}`;
  }

  async close() {
    for (const close of this.#closing.reverse()) await close();
  }
}
