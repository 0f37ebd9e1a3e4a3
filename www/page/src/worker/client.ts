// The page's side of the worker: started from the block of text that the build put into the page.
import { connectWorker, type SpanlightWorker } from "spanlight/worker-parts";

let running: SpanlightWorker | undefined;

/** Milliseconds after which a worker that answers nothing is busy. */
const BUSY = 1_000;

/** The worker, started at its first use. */
export function worker(): SpanlightWorker {
  if (running !== undefined) return running;
  const script = document.getElementById("worker")?.textContent ?? "";
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const thread = new Worker(address);
  // Before the calls are rejected: whoever asks again then gets a new one.
  const forget = (): void => {
    if (running === started) running = undefined;
  };
  thread.addEventListener("error", forget);
  thread.addEventListener("messageerror", forget);
  const started = connectWorker(thread);
  running = started;
  return started;
}

/** Ends the worker whatever it does; the next call starts a new one. Judging cannot be stopped in another way. */
export function dropWorker(): void {
  running?.close();
  running = undefined;
}

/** Ends the worker if it does not listen: one that computes would first finish a call that nobody waits for. */
export async function dropBusyWorker(): Promise<void> {
  const asked = running;
  if (asked === undefined) return;
  const answered = asked.load().then(() => true, () => true);
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), BUSY));
  if (!(await Promise.race([answered, late])) && running === asked) dropWorker();
}

/** Whether this browser has what the page needs. */
export function isSupported(): boolean {
  return (
    typeof WebAssembly === "object" &&
    typeof Worker === "function" &&
    typeof BigInt === "function" &&
    typeof DecompressionStream === "function" &&
    typeof HTMLDialogElement === "function"
  );
}
