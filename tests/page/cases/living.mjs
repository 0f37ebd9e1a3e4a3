// Chains that are older than a walk over them takes, endpoints that answer late, and a clock that is behind.
import { deepStrictEqual as same, ok } from "node:assert/strict";

const BLOCKS = 620;
/** How late an endpoint answers each request, in milliseconds. */
const LATE = [50, 400, 2000];

export const tests = {
  async "a living chain and late endpoints give the verdict, and nobody is blamed"(world) {
    const devnet = JSON.parse(await world.servers.start(["devnet", "--json", "--age", String(BLOCKS), "--transfers", "1"], /^\{.*\}(?=\n)/));
    await Promise.all(
      LATE.map(async (late) => {
        const rpc = { main: await world.servers.late(devnet.main.http, late), service: await world.servers.late(devnet.service.http, late) };
        const visit = await world.visit({ link: { trust: JSON.stringify(devnet.trust), rpc } });
        await visit.submit("0");
        await visit.get("verdict").or(visit.get("problem")).first().waitFor({ timeout: 300_000 });
        same(await visit.get("problem").count(), 0, `${late} ms late: ${await visit.get("problem").allInnerTexts()}`);
        const { verdict, state } = await visit.verdict();
        same([verdict, state], ["proven", "handled"], `${late} ms late`);
        blamesNobody(await visit.page.locator("body").innerText());
      }),
    );
  },

  async "a proof from ahead of the clock waits for the clock, and is not called false"(world) {
    const { path, trustPath, now } = await world.bundle("bundles", "handled-coin");
    const visit = await world.visit({ link: { now: now - 86_400 } });
    await visit.get("settings-open").click();
    await visit.get("trust-file").setInputFiles(trustPath);
    await visit.get("settings-close").click();
    await visit.give(path);
    const { verdict, code, tone } = await visit.verdict();
    same([verdict, code], ["not_yet_trusted", "not_yet_trusted.clock"]);
    ok(tone !== "bad" && tone !== "good", tone);
    blamesNobody(await visit.get("verdict").innerText());
  },
};

function blamesNobody(text) {
  ok(!/\b(lies|lied|liar|faulty|false)\b/i.test(text), text);
}
