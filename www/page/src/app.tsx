// The page: one box and its answer, or the bridge view.
import { BridgeView } from "./bridge/view.tsx";
import { announcement, outcome, route } from "./store.ts";
import { text } from "./text/index.ts";
import { Answer } from "./views/answer.tsx";
import { Box, DropTarget } from "./views/box.tsx";
import { Footer, Header } from "./views/frame.tsx";
import { OfferDialog } from "./views/offer.tsx";
import { Settings } from "./views/settings.tsx";
import { Start, Status } from "./views/status.tsx";
import { Progress, Refusal } from "./views/work.tsx";

export function App() {
  return (
    <>
      <Header />
      <main id="content" tabIndex={-1}>
        {route.value === "check" ? <Check /> : <BridgeView />}
      </main>
      <Footer />
      <Settings />
      <OfferDialog />
      <DropTarget />
      <div class="unseen" aria-live="polite" data-testid="live">
        {announcement.value}
      </div>
    </>
  );
}

function Check() {
  const t = text.value.box;
  return (
    <>
      <div class={`hero no-print${outcome.value.kind === "idle" ? "" : " answered"}`}>
        <h1>{t.heading}</h1>
        <p>{t.lead}</p>
      </div>
      <Box />
      <Status />
      <Refusal />
      <Progress />
      <Start />
      <Answer />
    </>
  );
}
