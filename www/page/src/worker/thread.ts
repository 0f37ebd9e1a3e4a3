// Runs in the worker: the package's calls, with the module that the build puts into this script.
import * as api from "spanlight/module";
import { answerCalls } from "spanlight/worker-parts";

/** Base64 of the module after raw deflate; replaced by the build, after everything else is bundled. */
const packed = "__MODULE__";

api.init(unpack());
answerCalls(api);

async function unpack(): Promise<Response> {
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")));
}
