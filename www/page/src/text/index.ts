// The language that is shown. Both catalogues have one type, so that a sentence missing in one does not compile.
import { computed, signal } from "@preact/signals";
import { en, type Messages } from "./en.ts";
import { ko } from "./ko.ts";

export type Language = "en" | "ko";
export type { Messages };

const catalogues: Record<Language, Messages> = { en, ko };
const KEY = "spanlight.language";

export function isLanguage(text: string): text is Language {
  return Object.hasOwn(catalogues, text);
}

function preferred(): Language {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored !== null && isLanguage(stored)) return stored;
  } catch {
    // Storage may be refused; then the browser's languages decide.
  }
  const known = (globalThis.navigator?.languages ?? []).map((tag) => tag.split("-", 1)[0] ?? "").find(isLanguage);
  return known ?? "en";
}

export const language = signal<Language>(preferred());
export const text = computed<Messages>(() => catalogues[language.value]);

/** Shows another language, also the next time. */
export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Then it lasts as long as the page.
  }
}
