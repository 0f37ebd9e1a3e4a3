// Runs in the worker: the package's calls, with the module that the build puts into this script.
import * as api from "spanlight/module";
import { answerCalls } from "spanlight/worker-parts";

/** Base64 of the module after raw deflate; replaced by the build, after everything else is bundled. */
const packed = "__MODULE__";

api.init(unpack());
answerCalls({ ...api, audit: slimAudit });

/** An audit's verdicts without their checks and bundle: the page keeps thousands, and copying them would make it stumble. */
async function slimAudit(...args: Parameters<typeof api.audit>): Promise<api.Audit> {
  const found = await api.audit(...args);
  return { ...found, bundle: new Uint8Array(), chains: [], seals: [], transfers: found.transfers.map((transfer) => ({ ...transfer, checks: [] })) };
}

async function unpack(): Promise<Response> {
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")));
}
