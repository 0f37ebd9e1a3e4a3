// What the bridge view is asked to show.
import { signal } from "@preact/signals";

/** What a link asked for, until the view takes it. */
export interface BridgeRequest {
  from: string | undefined;
  range: readonly [string, string] | undefined;
  start: boolean;
}

export const bridgeRequest = signal<BridgeRequest | null>(null);
