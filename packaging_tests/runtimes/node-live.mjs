// Chains that run, asked from Node; and what a clock that is wrong does.
import * as spanlight from "spanlight";
import { argv } from "node:process";
import { blaming, live } from "./live.mjs";

const { devnet } = JSON.parse(argv[3]);
const result = await live(spanlight, devnet);
const check = (what, holds, got) => (holds ? (result.passed += 1) : result.failures.push(`${what}: ${got}`));

const real = Date.now;
const prove = () => spanlight.prove({ nonce: 0 }, { trust: devnet.trust, from: "main", endpoints: { main: devnet.main, service: devnet.service } }).catch((error) => error);
for (const off of [-30, -5, -3, 30]) {
  Date.now = () => real() + off * 1000;
  const proof = await prove();
  Date.now = real;
  check(`a clock that is ${off} s off: the verdict`, proof.transfers?.[0]?.state === "handled", proof.transfers?.[0]?.code ?? proof);
  const codes = blaming(proof.notes)?.map(({ code }) => code) ?? [];
  check(`a clock that is ${off} s off: nobody is blamed`, codes.every((code) => code === "clock.behind"), codes);
  const told = proof.notes?.find(({ code }) => code === "clock.behind");
  check(`a clock that is ${off} s off: it is told`, off === -30 ? told?.seconds > 15n : told === undefined, told?.detail);
}
// A time that is given stands for the whole call, whatever the clock says.
const given = Math.floor(real() / 1000) - 300;
const { head } = await spanlight.sync({ trust: devnet.trust, chain: "main", now: given, endpoint: devnet.main });
check("a time that is given", head.time <= BigInt(given + 15), head.time);
console.log(JSON.stringify(result));
