// What the tests run in: a browser, the page on a server of its own, and the recorded chains behind two nodes.
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { Servers } from "./servers.mjs";
import { Visit } from "./visit.mjs";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
export const fixtures = join(root, "tests/fixtures");
/** One second after the last block of the recordings. */
export const NOW = 1795398976;

const CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export class World {
  #browser;
  #visits = [];
  #busy;

  static async open({ command, page, busy }) {
    const world = new World();
    world.folder = await mkdtemp(join(tmpdir(), "spanlight-page-"));
    world.command = resolve(command);
    world.dist = resolve(page);
    world.busyExample = resolve(busy);
    world.servers = new Servers(world.command);
    world.address = await world.servers.page(world.dist);
    world.file = pathToFileURL(join(world.dist, "index.html")).href;
    world.trust = await readFile(join(fixtures, "trust.json"), "utf8");
    world.rpc = { main: await world.servers.replay(join(fixtures, "main.rpc.jsonl.gz")), service: await world.servers.replay(join(fixtures, "service.rpc.jsonl.gz")) };
    world.#browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: CHROMIUM });
    return world;
  }

  /** A bundle of tests/fixtures with its trust, time and expected verdicts. */
  async bundle(folder, name) {
    const list = await this.bundles(folder);
    const found = list.find(({ bundle }) => bundle === `${name}.spl`);
    if (!found) throw new Error(`no ${folder}/${name}.spl`);
    return found;
  }

  async bundles(folder) {
    const list = JSON.parse(await readFile(join(fixtures, folder, "index.json"), "utf8"));
    const files = (entry) => ({ ...entry, path: join(fixtures, folder, entry.bundle), trustPath: join(fixtures, folder, entry.trust) });
    return list.map(files);
  }

  /** Recordings of a forged bridge with 500 transfers, made when first asked for. */
  async busy() {
    this.#busy ??= (async () => {
      const folder = join(this.folder, "busy");
      await mkdir(folder);
      await promisify(execFile)(this.busyExample, [folder, "500"], { timeout: 110_000 });
      const read = (name) => readFile(join(folder, name), "utf8");
      const [main, service] = await Promise.all(["main", "service"].map((chain) => this.servers.replay(join(folder, `${chain}.rpc.jsonl`))));
      return { folder, trust: await read("trust.json"), now: Number(await read("now")), rpc: { main, service } };
    })();
    return this.#busy;
  }

  /** A browser of its own for one user, on the page. */
  async visit(options = {}) {
    const visit = await Visit.open(this, this.#browser, options);
    this.#visits.push(visit);
    return visit;
  }

  async endVisits() {
    const visits = this.#visits.splice(0);
    const problems = [];
    for (const visit of visits) problems.push(...(await visit.end()));
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  async dropVisits(name) {
    for (const visit of this.#visits.splice(0)) {
      const picture = join(tmpdir(), `spanlight-page-failed-${name.replace(/\W+/g, "-").slice(0, 60)}.png`);
      const taken = await visit.page.screenshot({ path: picture, timeout: 5_000 }).then(() => true, () => false);
      if (taken) console.log(`  seen at the end: ${picture}`);
      for (const problem of await visit.end().catch(() => [])) console.log(`  ${problem}`);
    }
  }

  async close() {
    await this.#browser?.close();
    await this.servers.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
