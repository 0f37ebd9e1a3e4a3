// What stands around every view.
import { route, settingsOpen, theme, type Route, type Theme } from "../store.ts";
import { chooseLanguage, language, text } from "../text/index.ts";
import { Icon, type IconName } from "./parts.tsx";

declare const __VERSION__: string;

const NEXT_THEME: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const THEME_ICON: Record<Theme, IconName> = { auto: "auto", light: "sun", dark: "moon" };

export function Header() {
  const t = text.value.frame;
  const other = language.value === "en" ? "ko" : "en";
  return (
    <header class="banner no-print" data-testid="banner">
      <a class="skip" href="#content" onClick={skip}>
        {t.skip}
      </a>
      <div class="banner-row">
        <a class="brand" href="#" onClick={(event) => go(event, "check")}>
          <Mark />
          <span>{t.title}</span>
        </a>
        <nav aria-label={t.nav}>
          <Tab to="check" label={t.check} />
          <Tab to="bridge" label={t.bridge} />
        </nav>
        <div class="banner-tools">
          <button type="button" class="text-button" lang={other} title={t.language} onClick={() => chooseLanguage(other)} data-testid="lang-switch">
            {other === "ko" ? "한국어" : "English"}
          </button>
          <button type="button" class="icon-button" aria-label={t.theme[theme.value]} title={t.theme[theme.value]} onClick={() => (theme.value = NEXT_THEME[theme.value])} data-testid="theme-switch">
            <Icon name={THEME_ICON[theme.value]} />
          </button>
          <button type="button" class="icon-button" aria-label={t.settings} title={t.settings} onClick={() => (settingsOpen.value = true)} data-testid="settings-open">
            <Icon name="gear" />
          </button>
        </div>
      </div>
    </header>
  );
}

function Tab({ to, label }: { to: Route; label: string }) {
  return (
    <a href={to === "bridge" ? "#view=bridge" : "#"} class="tab" aria-current={route.value === to ? "page" : undefined} onClick={(event) => go(event, to)} data-testid={`nav-${to}`}>
      {label}
    </a>
  );
}

function go(event: Event, to: Route): void {
  event.preventDefault();
  route.value = to;
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** A span between two banks, and the light on it. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M5 22a11 11 0 0 1 22 0M5 22h22" />
      <circle cx="16" cy="11" r="3" />
    </svg>
  );
}

export function Footer() {
  const t = text.value.frame;
  return (
    <footer class="footer">
      <p>{t.footer}</p>
      <p>{t.version(__VERSION__)}</p>
    </footer>
  );
}
