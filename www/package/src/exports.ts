export { audit, inspect, LightClient, load, prove, sync, verify, type StoredLightClient } from "./api.js";
export { CrashError, EndpointError, InputError, LoadError, ProveError, SpanlightError, TrustError } from "./errors.js";
export type * from "./types.js";
