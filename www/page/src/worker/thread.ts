// Runs in the worker: the package's calls, with the module that the build puts into this script.
import * as api from "spanlight/module";
import { answerCalls } from "spanlight/worker-parts";
import { decode } from "./byte-text.js";

/** The module as text; replaced by the build, after everything else is bundled. */
const module = "__MODULE__";

api.init(decode(module));
answerCalls(api);
