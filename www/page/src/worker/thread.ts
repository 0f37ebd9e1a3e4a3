// Runs in the worker: the package's calls, with the module that the build puts into this script.
import * as api from "spanlight/module";
import { answerCalls } from "spanlight/worker-parts";
import { decode } from "./byte-text.js";

/** The module as text; replaced by the build, after everything else is bundled. */
const module = "__MODULE__";

api.init(decode(module));
answerCalls({ ...api, audit: slimAudit });

/** An audit's verdicts without their checks and bundle: the page keeps thousands, and copying them would make it stumble. */
async function slimAudit(...args: Parameters<typeof api.audit>): Promise<api.Audit> {
  const found = await api.audit(...args);
  return { ...found, bundle: new Uint8Array(), chains: [], seals: [], transfers: found.transfers.map((transfer) => ({ ...transfer, checks: [] })) };
}
