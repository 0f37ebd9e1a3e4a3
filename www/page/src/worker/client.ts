// The page's side of the worker: started from the block of text that the build put into the page.
import { connectWorker, type SpanlightWorker } from "spanlight/worker-parts";

let running: SpanlightWorker | undefined;

/** The worker, started at its first use. */
export function worker(): SpanlightWorker {
  if (running !== undefined) return running;
  const script = document.getElementById("worker")?.textContent ?? "";
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  running = connectWorker(new Worker(address));
  return running;
}

/** Ends the worker whatever it does; the next call starts a new one. Judging cannot be stopped in another way. */
export function dropWorker(): void {
  running?.close();
  running = undefined;
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
