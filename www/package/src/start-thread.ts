/** Starts the worker from the file beside this one. Bundlers know this form of words, and bring the file along. */
export function startThread(): Worker {
  // @ts-ignore TS1343: the CommonJS build replaces this file.
  return new Worker(new URL("./worker-thread.js", import.meta.url), { type: "module" });
}
