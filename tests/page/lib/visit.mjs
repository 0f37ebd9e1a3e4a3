// One user's browser on the page. Whatever a test is about, at its end: no request went anywhere but to the page and the
// endpoints that were allowed, nothing broke the security policy, and no script failed.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { deflateRawSync } from "node:zlib";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

/** The fragment of a link with these fields. */
export function fragment({ trust, bundle, rpc = {}, ...rest }) {
  const fields = [];
  if (trust !== undefined) fields.push(["trust", base64url(deflateRawSync(trust))]);
  for (const [chain, url] of Object.entries(rpc)) fields.push([`rpc.${chain}`, encodeURIComponent(url)]);
  for (const [name, value] of Object.entries(rest)) if (value !== undefined) fields.push([name, encodeURIComponent(value)]);
  if (bundle !== undefined) fields.push(["bundle", base64url(deflateRawSync(bundle))]);
  return fields.length === 0 ? "" : `#${fields.map(([name, value]) => `${name}=${value}`).join("&")}`;
}

export class Visit {
  #problems = [];
  #allowed;
  #policyBroken;

  /**
   * `raw`: the page is opened, and nothing is waited for. `policyBroken`: breaking the security policy is what is tested.
   * `link`: fields of the link it begins with; what that brings is accepted. `allow`: addresses that may be asked besides.
   * `address`: another place of the page. `context`: options of Playwright's browser context.
   */
  static async open(world, browser, { link = {}, accept = true, address = world.address, allow = [], context = {}, before, raw = false, policyBroken = false } = {}) {
    const visit = new Visit();
    visit.#policyBroken = policyBroken;
    visit.context = await browser.newContext({ locale: "en-GB", acceptDownloads: true, viewport: { width: 1100, height: 900 }, ...context });
    visit.requests = [];
    visit.#allowed = [address, ...Object.values(link.rpc ?? {}), ...allow];
    visit.page = await visit.context.newPage();
    visit.page.setDefaultTimeout(30_000);
    visit.#watch();
    await visit.page.addInitScript(() => {
      globalThis.violations = [];
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => globalThis.violations.push(`${violatedDirective} ${blockedURI}`));
    });
    await before?.(visit.page);
    visit.address = address;
    if (raw) await visit.page.goto(address);
    else await visit.go(link, accept);
    return visit;
  }

  #watch() {
    this.context.on("request", (request) => this.requests.push(request.url()));
    this.page.on("pageerror", (error) => this.#problems.push(`a script failed: ${error.stack ?? error}`));
    this.page.on("console", (message) => {
      if (!this.#policyBroken && /content security policy/i.test(message.text())) this.#problems.push(`policy: ${message.text()}`);
    });
  }

  /** Opens the page with a link, and takes what the link brings if it asks. */
  async go(link = {}, accept = true) {
    await this.page.goto(this.address + fragment(link));
    await this.get("box").or(this.get("bridge")).first().waitFor();
    const brings = link.trust !== undefined || link.rpc !== undefined || link.now !== undefined;
    if (brings && accept) await this.get("offer-accept").click();
  }

  get(id) {
    return this.page.getByTestId(id);
  }

  /** Allows these addresses to be asked from now on. */
  allow(...addresses) {
    this.#allowed.push(...addresses);
  }

  /** Requests to this address so far. */
  asked(address) {
    return this.requests.filter((url) => url.startsWith(address));
  }

  /** What the verdict says: its data attributes. */
  async verdict() {
    const card = this.get("verdict");
    await card.waitFor();
    return card.evaluate(({ dataset: { verdict, state, reason, code, tone, nonce } }) => ({ verdict, state, reason, code, tone, nonce }));
  }

  /** The code of the refusal that is shown. */
  async problem() {
    await this.get("problem").waitFor();
    return this.get("problem").getAttribute("data-code");
  }

  async submit(text) {
    await this.get("box-input").fill(text);
    await this.get("box-submit").click();
  }

  /** Hands a file to the page by its file input. */
  async give(file) {
    await this.get("box-file").setInputFiles(file);
  }

  /** Hands a file to the page as a drag from the desktop does. */
  async drop(name, bytes) {
    const data = await this.page.evaluateHandle(
      ([name, text]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
        return transfer;
      },
      [name, bytes.toString("base64")],
    );
    for (const type of ["dragenter", "dragover", "drop"]) await this.page.dispatchEvent("body", type, { dataTransfer: data });
  }

  /** Saves the file that a click gives. */
  async saved(id) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.get(id).click()]);
    return { name: download.suggestedFilename(), path: await download.path() };
  }

  /** Rules of accessibility that the page breaks now. */
  async axe() {
    if (!(await this.page.evaluate(() => "axe" in globalThis))) await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { preload: false, resultTypes: ["violations"] }));
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} (${failureSummary.split("\n").slice(1, 2).join().trim()})`).join("; ")}`);
  }

  /** What went wrong on this visit, which is over then. */
  async end() {
    const problems = [...this.#problems];
    const violations = await this.page.evaluate(() => globalThis.violations).catch(() => []);
    problems.push(...violations.map((violation) => `policy: ${violation}`));
    const local = ["blob:", "data:", "about:"];
    const strange = this.requests.filter((url) => ![...local, ...this.#allowed].some((start) => url.startsWith(start)));
    problems.push(...strange.map((url) => `a request to ${url}`));
    await this.context.close();
    return problems;
  }
}
