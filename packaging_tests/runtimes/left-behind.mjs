// Bundled by what leaves the .wasm files behind, for a page or for Node: the refusal says what to do.
import * as spanlight from "spanlight";
import { startWorker } from "spanlight/worker";

globalThis.runSuite = async () => {
  const result = { passed: 0, failures: [] };
  const check = (what, { name, code, message }) => {
    if (name === "LoadError" && code === "wasm.load" && message.includes("spanlight/inline")) result.passed += 1;
    else result.failures.push(`${what}: ${name} ${code} ${message}`);
  };
  check("the module", await spanlight.inspect(new Uint8Array(1)).catch((error) => error));
  if (typeof Worker === "function") check("a worker", await Promise.resolve().then(() => startWorker().load()).catch((error) => error));
  return result;
};

if (typeof document === "undefined") globalThis.runSuite().then((result) => console.log(JSON.stringify(result)));
