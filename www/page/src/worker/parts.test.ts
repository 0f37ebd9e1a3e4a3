import assert from "node:assert/strict";
import { test } from "node:test";
import { connectWorker } from "spanlight/worker-parts";

/** A worker that answers nothing. */
class Mute extends EventTarget {
  terminated = false;
  postMessage(): void {}
  terminate(): void {
    this.terminated = true;
  }
}

for (const [type, code] of [["error", "wasm.load"], ["messageerror", "wasm.crash"]] as const)
  test(`after ${type} the worker is dead: what waits and what comes later is rejected`, async () => {
    const thread = new Mute();
    const connected = connectWorker(thread as unknown as Worker);
    const waiting = connected.load();
    thread.dispatchEvent(new Event(type));
    assert.ok(thread.terminated);
    await assert.rejects(waiting, { code });
    await assert.rejects(connected.load(), { code });
  });

/** A worker that refuses the first call. */
class Refusing extends Mute {
  constructor(private readonly error: { code: string; message: string }) {
    super();
  }
  override postMessage(sent?: unknown): void {
    const { id } = sent as { id: number };
    const data = { id, error: { ...this.error, kind: "prove", notes: [] } };
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data })));
  }
}

const FORK = "header.permissionless_fork";
for (const [what, code, message, shown] of [
  ["behind the words", "prove.no_request", "no such request", "no such request (prove.no_request)"],
  ["once though the worker has said it", "prove.no_request", "no such request (prove.no_request)", "no such request (prove.no_request)"],
  ["once where the words begin with it", FORK, `the chain cannot be followed: ${FORK} on chain main at block 5`, `the chain cannot be followed: ${FORK} on chain main at block 5`],
  ["once where the words end with it", FORK, `the chain cannot be followed: ${FORK}.`, `the chain cannot be followed: ${FORK}.`],
  ["also where the words name a longer one", "prove.no", "see prove.no_request", "see prove.no_request (prove.no)"],
  ["alone where there are no words", FORK, "", FORK],
] as const)
  test(`an error says its code ${what}`, async () => {
    const connected = connectWorker(new Refusing({ code, message }) as unknown as Worker);
    await assert.rejects(connected.load(), { code, message: shown });
  });

test("a closed worker rejects at once", async () => {
  const connected = connectWorker(new Mute() as unknown as Worker);
  connected.close();
  await assert.rejects(connected.load(), { code: "wasm.closed" });
});
