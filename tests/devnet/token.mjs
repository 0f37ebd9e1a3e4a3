// The token that the suites deploy.

import { readFileSync } from "node:fs";

const artifact = new URL("../../contracts/artifacts/ServiceChainToken.json", import.meta.url);
export const { abi, bytecode } = JSON.parse(readFileSync(artifact, "utf8"));
const bridgeArtifact = new URL("../../contracts/artifacts/Bridge.json", import.meta.url);
export const bridgeAbi = JSON.parse(readFileSync(bridgeArtifact, "utf8")).abi;
