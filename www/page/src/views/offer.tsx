// What a link brings is shown before it is used: whoever chooses the trust chooses the verdict.
import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { time } from "../format.ts";
import { accept, decline, offer } from "../links.ts";
import { trust } from "../store.ts";
import { text } from "../text/index.ts";
import { TrustSummary } from "./settings.tsx";

export function OfferDialog() {
  const sheet = useRef<HTMLDialogElement>(null);
  useSignalEffect(() => {
    const dialog = sheet.current;
    if (dialog === null) return;
    if (offer.value !== null && !dialog.open) dialog.showModal();
    if (offer.value === null && dialog.open) dialog.close();
  });
  const t = text.value.offer;
  const wanted = offer.value;
  const refuse = (): void => void (offer.value && decline(offer.value));
  return (
    <dialog ref={sheet} class="sheet offer" aria-labelledby="offer-title" onCancel={refuse} data-testid="offer">
      {wanted && (
        <>
          <h2 id="offer-title" tabIndex={-1} autofocus>{t.heading}</h2>
          <p>{t.lead}</p>
          {wanted.trust && (
            <div class="part">
              <h3>{t.trust}</h3>
              {trust.value && <p class="notice warn">{t.replaces(trust.value.name)}</p>}
              <TrustSummary file={wanted.trust} testid="offer-trust" fingerprintId="offer-fingerprint" />
            </div>
          )}
          <dl class="facts">
            {Object.entries(wanted.endpoints).map(([chain, address]) => (
              <div key={chain}>
                <dt>{t.endpoint(chain)}</dt>
                <dd>
                  <code>{address}</code>
                </dd>
              </div>
            ))}
            {wanted.now !== undefined && (
              <div>
                <dt>{t.now}</dt>
                <dd>{time(wanted.now)}</dd>
              </div>
            )}
          </dl>
          <div class="row">
            <button type="button" class="button primary" onClick={() => void accept(wanted)} data-testid="offer-accept">
              {t.accept}
            </button>
            <button type="button" class="button" onClick={refuse} data-testid="offer-decline">
              {t.decline}
            </button>
          </div>
        </>
      )}
    </dialog>
  );
}
