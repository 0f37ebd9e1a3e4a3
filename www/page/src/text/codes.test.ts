// Every code that the core or the prover can give has words in both languages. The codes are read from their sources, so that a new
// one fails here until somebody has found words for it.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { toneOf, warns, wordsKeys } from "../model/facts.ts";
import { problemOf } from "../model/problem.ts";
import { said, uncoveredIn, wordsFor } from "../model/words.ts";
import { en } from "./en.ts";
import { ko } from "./ko.ts";

const root = join(process.cwd(), "../..");
const source = (path: string): Promise<string> => readFile(join(root, path), "utf8");
const LANGUAGES = { en, ko };
const hangul = /[가-힣]/;

/** The texts of the arms of one `match`, from the line that begins its function. */
function arms(text: string, start: string): string[] {
  const from = text.indexOf(start);
  assert.ok(from >= 0, start);
  const body = text.slice(from, text.indexOf("\n    }\n", from));
  return [...body.matchAll(/=> (?:\{\s*)?"([a-z_.]+)"/g)].map(([, code]) => code as string);
}

/** The enum's `impl` block. */
function implOf(text: string, name: string): string {
  const from = text.indexOf(`impl ${name} {`);
  assert.ok(from >= 0, name);
  return text.slice(from, text.indexOf("\n}\n", from));
}

async function uncoveredCodes(): Promise<string[]> {
  const codes = [...(await source("src/uncovered.rs")).matchAll(/=> "([a-z_0-9.]+)",/g)].map(([, code]) => code as string);
  assert.ok(codes.length >= 22);
  return codes;
}

test("what is not covered is said, with the next step, and accuses nobody", async () => {
  for (const code of await uncoveredCodes()) {
    const place = { code, chain: "main", number: 1234n };
    for (const [name, t] of Object.entries(LANGUAGES)) {
      assert.ok(Object.hasOwn(t.uncovered, code), `${name} has no words for ${code}`);
      const { what, next } = uncoveredIn(place, t);
      for (const part of ["main", "1,234"]) assert.ok(what.includes(part), `${what} lacks ${part}`);
      assert.equal(said(`${code} on chain main at block 1234`, t), what);
      const words = wordsFor({ code }, t);
      assert.ok(words.help.includes(next) && words.title === t.uncoveredTold.title, `${name} ${code}: ${words.title}`);
      assertAccusesNobody(`${words.title} ${words.help} ${what}`);
      assert.equal(hangul.test(what + next), name === "ko", `${name} ${code}`);
    }
  }
});

test("nothing that a clock, a checkpoint or a missing proof causes is called a lie", async () => {
  const verdict = await source("src/verdict.rs");
  const codes = [...arms(implOf(verdict, "NotReached"), "fn code"), ...arms(implOf(verdict, "Missing"), "fn code"), "not_yet_trusted.of_tomorrow", "missing.of_tomorrow", "of_tomorrow"];
  assert.ok(codes.includes("not_yet_trusted.clock") && codes.includes("missing.header"));
  for (const t of [en, ko])
    for (const code of codes) {
      const { title, help } = wordsFor({ code }, t);
      assertAccusesNobody(`${title} ${help}`);
    }
});

test("each verdict, state and reason has words", async () => {
  const verdict = await source("src/verdict.rs");
  const transfers = [
    ...arms(implOf(verdict, "NotReached"), "fn code").map((code) => ({ verdict: "not_yet_trusted", code })),
    ...["incomplete", "unsupported", "invalid"].map((name) => ({ verdict: name, code: "a.code" })),
    ...["requested", "voting", "handled", "attempted", "unrequested"].map((state) => ({ verdict: "proven", state })),
    ...arms(implOf(verdict, "StuckReason"), "fn code").map((reason) => ({ verdict: "proven", state: "stuck", reason })),
    ...arms(implOf(verdict, "FraudKind"), "fn code").map((reason) => ({ verdict: "proven", state: "fraud", reason })),
  ].map((fields) => ({ state: null, reason: null, code: null, notes: [], ...fields }) as unknown as Parameters<typeof wordsKeys>[0]);
  for (const [name, t] of Object.entries(LANGUAGES))
    for (const transfer of transfers) {
      const keys = wordsKeys(transfer);
      assert.ok(keys.some((key) => Object.hasOwn(t.verdicts, key)), `${name}: ${keys.join(" or ")}`);
      const row = transfer.state ?? transfer.verdict;
      assert.ok(Object.hasOwn(t.states.names, row), `${name}: the bridge view has no word for ${row}`);
      if (transfer.reason !== null) assert.ok(Object.hasOwn(t.states.reasons, transfer.reason), `${name}: ${transfer.reason}`);
    }
});

test("each note has words, and is quiet where the core says so", async () => {
  const note = implOf(await source("src/verdict.rs"), "Note");
  const codes = new Map([...note.slice(note.indexOf("fn code")).matchAll(/Self::(\w+)(?:\(_\)| \{ \.\. \})? => "([a-z_]+)"/g)].map(([, variant, code]) => [variant as string, code as string]));
  assert.ok(codes.size >= 11);
  const warning = note.slice(note.indexOf("fn is_warning"), note.indexOf("\n    }\n", note.indexOf("fn is_warning")));
  for (const [variant, code] of codes) {
    for (const [name, t] of Object.entries(LANGUAGES)) assert.ok(Object.hasOwn(t.notes, code), `${name} has no words for ${code}`);
    assert.equal(warns({ notes: [code] }), !new RegExp(`Self::${variant}\\b`).test(warning), code);
  }
});

test("every other refusal has words of its code or of its family", async () => {
  const codes = new Set<string>();
  for (const folder of ["src", "crates/prover/src"]) {
    for (const file of await readdir(join(root, folder), { recursive: true })) {
      if (!file.endsWith(".rs") || /(^|[/_])tests/.test(file)) continue;
      for (const [, code] of (await source(join(folder, file))).matchAll(/=> (?:\{\s*)?"([a-z_0-9]+\.[a-z_0-9]+)"/g)) codes.add(code as string);
    }
  }
  assert.ok(codes.size > 100);
  // Not met on the page: it reads no genesis file, no recording and no certificates, and shows what is found of endpoints in other words.
  const elsewhere = /^(chain|clock|complete|endpoint|genesis|replay|roots)\./;
  const without = (t: typeof en): string[] => [...codes].filter((code) => !elsewhere.test(code) && wordsFor({ code }, t) === t.problems.other);
  assert.deepEqual([without(en), without(ko)], [[], []]);
});

test("an unknown code of a verdict is neither green nor an alarm", () => {
  for (const verdict of ["unsupported", "not_yet_trusted", "incomplete"]) {
    const transfer = { verdict, state: null, reason: null, code: "of.tomorrow", notes: [] } as unknown as Parameters<typeof toneOf>[0];
    assert.equal(toneOf(transfer), "unknown");
  }
});

test("a refusal is shown without what its title says already", () => {
  const refused = { code: "consensus.governance_by_contract", message: "the chain cannot be followed: consensus.governance_by_contract on chain main at block 5" };
  assert.equal(problemOf(refused).detail, "consensus.governance_by_contract on chain main at block 5");
});

function assertAccusesNobody(words: string): void {
  assert.doesNotMatch(words, /\blies?\b|faulty|false block|거짓|고장/, words);
}
