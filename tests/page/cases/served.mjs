// The page as `spanlight serve` sends it, and its proxy under a real browser.
import { deepStrictEqual as same, ok } from "node:assert/strict";
import { chmod, copyFile, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Servers } from "../lib/servers.mjs";
import { NOW } from "../lib/world.mjs";

export const tests = {
  async "the program alone, in an empty folder, has the page inside"(world) {
    const folder = await mkdtemp(join(world.folder, "alone-"));
    const program = join(folder, "spanlight");
    await copyFile(world.command, program);
    await chmod(program, 0o755);
    const servers = new Servers(program);
    try {
      const address = await servers.start(["serve", "--listen", "127.0.0.1:0"]);
      same(await (await fetch(address)).text(), await readFile(join(world.dist, "index.html"), "utf8"));
    } finally {
      await servers.close();
    }
  },

  async "the answer carries the page's policy, forbids frames, and is packed"(world) {
    const visit = await world.visit();
    const response = await visit.page.goto(world.address);
    const headers = response.headers();
    ok(headers["content-security-policy"].includes("default-src 'none'"));
    ok(headers["content-security-policy"].includes("frame-ancestors 'none'"));
    ok(!/unsafe-inline|unsafe-eval'| \*/.test(headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")), headers["content-security-policy"]);
    same([headers["content-encoding"], headers["x-content-type-options"]], ["br", "nosniff"]);
    ok((await response.body()).length > 500_000);
  },

  async "a node that refuses browsers is read through the proxy"(world) {
    const closed = await world.servers.liar(world.rpc.service, (_, answer) => answer, {});
    const through = await world.servers.page(world.dist, ["--proxy", `service=${closed}`, "--proxy", `main=${world.rpc.main}`]);
    const refused = await world.visit({ link: { trust: world.trust, rpc: { main: world.rpc.main, service: closed }, now: NOW } });
    await refused.submit("0");
    same(await refused.problem(), "rpc.cors");
    const visit = await world.visit({ address: through, link: { trust: world.trust, rpc: { main: `${through}rpc/main`, service: `${through}rpc/service` }, now: NOW } });
    await visit.submit("0");
    same((await visit.verdict()).state, "handled");
    same(visit.requests.filter((url) => !url.startsWith(through) && url.startsWith("http")), [], "the page's own server was asked and nobody else");
  },

  async "the page in a frame of another site stays empty"(world) {
    const attacker = await world.servers.answering(200, `<iframe src="${world.address}"></iframe>`, { "content-type": "text/html" });
    const visit = await world.visit({ address: attacker, allow: [world.address], raw: true, policyBroken: true });
    await visit.page.waitForTimeout(500);
    const frame = visit.page.frames().find((frame) => frame !== visit.page.mainFrame());
    same(await frame.getByTestId("box").count(), 0);
  },

  async "another site's script cannot use the proxy"(world) {
    const through = await world.servers.page(world.dist, ["--proxy", `main=${world.rpc.main}`]);
    const attacker = await world.servers.answering(200, "<p>hello", { "content-type": "text/html" });
    const visit = await world.visit({ address: attacker, allow: [through], raw: true });
    const got = await visit.page.evaluate(async (through) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "kaia_blockNumber", params: [] });
      const ask = (type, mode) => fetch(`${through}rpc/main`, { method: "POST", mode, headers: { "content-type": type }, body }).then(({ type, status }) => `${type} ${status}`, () => "refused");
      return [await ask("application/json", "cors"), await ask("text/plain", "cors"), await ask("text/plain", "no-cors")];
    }, through);
    same(got, ["refused", "refused", "refused"]);
  },
};
