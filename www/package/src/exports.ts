export { audit, headerBytes, inspect, LightClient, load, prove, sync, verify, type AdvanceOptions, type StoredLightClient } from "./api.js";
export { CrashError, EndpointError, InputError, LoadError, ProveError, SpanlightError, TrustError } from "./errors.js";
export type * from "./types.js";
