// Whether the screen is a phone's: drawings have another width there.
import { signal } from "@preact/signals";

const query = globalThis.matchMedia?.("(max-width: 40rem)");

export const narrow = signal(query?.matches ?? false);
query?.addEventListener("change", ({ matches }) => (narrow.value = matches));
