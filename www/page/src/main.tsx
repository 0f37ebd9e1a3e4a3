// Starts the page.
import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { useLink } from "./links.ts";
import { keep, restore, theme } from "./store.ts";
import { language, text } from "./text/index.ts";
import { isSupported } from "./worker/client.ts";
import "./style/index.css";

const page = document.getElementById("page");
if (page !== null && isSupported()) void start(page);

async function start(page: HTMLElement): Promise<void> {
  await restore();
  keep();
  effect(() => {
    document.documentElement.lang = language.value;
    document.title = `${text.value.box.heading} · ${text.value.frame.title}`;
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
  page.replaceChildren();
  render(<App />, page);
  const follow = (): void => {
    const fragment = location.hash;
    if (fragment.length < 2) return;
    // Kept out of the history: a proof or a trust file would make every copied address long.
    history.replaceState(null, "", location.pathname + location.search);
    void useLink(fragment);
  };
  addEventListener("hashchange", follow);
  follow();
}
