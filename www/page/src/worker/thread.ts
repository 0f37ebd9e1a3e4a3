// Runs in the worker: the package's calls, with the module that the build puts into this script.
import * as api from "spanlight/module";
import { answerCalls } from "spanlight/worker-parts";
import { decode } from "./byte-text.js";

/** Both parts of the module as one text, with the length of the first before them; replaced by the build, after all else is bundled. */
const bytes = decode("__MODULE__");
const second = 4 + new DataView(bytes.buffer).getUint32(0);

api.init(bytes.subarray(4, second), bytes.subarray(second));
answerCalls({ ...api, audit: slimAudit });

/** An audit's verdicts without their checks and bundle: the page keeps thousands, and copying them would make it stumble. */
async function slimAudit(...args: Parameters<typeof api.audit>): Promise<api.Audit> {
  const found = await api.audit(...args);
  return { ...found, bundle: new Uint8Array(), chains: [], seals: [], transfers: found.transfers.map((transfer) => ({ ...transfer, checks: [] })) };
}
