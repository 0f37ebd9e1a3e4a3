// Chains that run: transfers of every kind both ways on a devnet, voted for by plain scripts, asked for in the page.
import { deepStrictEqual as same } from "node:assert/strict";
import { transferEveryKindBothWays } from "../../devnet/plain-votes.mjs";

export const tests = {
  async "transfers of every kind, both ways, are handled"(world) {
    const devnet = JSON.parse(await world.servers.start(["devnet", "--json", "--block-time", "0"], /^\{.*\}(?=\n)/));
    const key = (role) => devnet.accounts.find((account) => account.role === role).key;
    const { nonces, time } = await transferEveryKindBothWays(devnet, key);
    const rpc = { main: devnet.main.http, service: devnet.service.http };
    for (const from of ["main", "service"]) {
      const visit = await world.visit({ link: { trust: JSON.stringify(devnet.trust), rpc, now: time + 1 } });
      for (let nonce = nonces[0]; nonce <= nonces[1]; nonce++) {
        await visit.get("box-input").fill(String(nonce));
        await visit.get(`direction-${from}`).check();
        await visit.get("box-submit").click();
        await visit.page.locator(`[data-testid=verdict][data-nonce="${nonce}"]`).waitFor({ timeout: 60_000 });
        const { verdict, state, tone } = await visit.verdict();
        same([verdict, state, tone], ["proven", "handled", "good"], `${from} ${nonce}`);
      }
    }
  },
};
