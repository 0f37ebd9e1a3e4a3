// The worker that `startWorker` starts by itself.
import * as api from "./index.js";
import { answerCalls } from "./worker-parts.js";

answerCalls(api);
