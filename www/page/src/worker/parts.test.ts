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

test("a closed worker rejects at once", async () => {
  const connected = connectWorker(new Mute() as unknown as Worker);
  connected.close();
  await assert.rejects(connected.load(), { code: "wasm.closed" });
});
