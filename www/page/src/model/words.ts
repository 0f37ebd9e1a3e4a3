// The words for what comes from outside as a code: problems, what is not covered, and the core's sentences.
import { number } from "../format.ts";
import type { Messages } from "../text/index.ts";
import type { ProblemWords } from "../text/en.problems.ts";
import type { UncoveredWords } from "../text/en.uncovered.ts";
import { detailIn } from "./detail.ts";
import type { Problem } from "./problem.ts";

type Spoken = Pick<Messages, "problems" | "details" | "uncovered" | "uncoveredTold">;

/** The words for a code, if the catalogue has them: codes come from outside. */
export function pick<T>(catalogue: Readonly<Record<string, T>>, code: string): T | undefined {
  return Object.hasOwn(catalogue, code) ? catalogue[code] : undefined;
}

/** The words for a problem: by its code, by what is not covered, by the family of the code. Unknown codes accuse nobody. */
export function wordsFor(problem: Problem, t: Spoken): ProblemWords {
  const [family = ""] = problem.code.split(".", 1);
  return pick<ProblemWords>(t.problems, problem.code) ?? uncoveredProblem(problem.code, t) ?? pick<ProblemWords>(t.problems, family) ?? t.problems.other;
}

function uncoveredProblem(code: string, t: Spoken): ProblemWords | undefined {
  const found = pick<UncoveredWords>(t.uncovered, code);
  return found && { title: t.uncoveredTold.title, help: `${sentence(found.what)} ${found.next}` };
}

/** What is not covered, in words: what, where, and the next step. */
export function uncoveredIn(said: { code: string; chain: string | null; number: bigint | null }, t: Spoken): UncoveredWords {
  const { what, next } = pick<UncoveredWords>(t.uncovered, said.code) ?? { what: t.uncoveredTold.unknown(said.code), next: t.uncoveredTold.unknownNext };
  return { what: t.uncoveredTold.place(what, said.chain, said.number === null ? null : number(said.number)), next };
}

const PLACE = /^([a-z_.]+)(?: on chain (.+?))?(?: at block (\d+))?$/;

/** A sentence of the core, in the language that is shown. */
export function said(detail: string, t: Spoken): string {
  const [, code, chain, block] = PLACE.exec(detail) ?? [];
  if (code === undefined || pick(t.uncovered, code) === undefined) return detailIn(t.details, detail);
  return uncoveredIn({ code, chain: chain ?? null, number: block === undefined ? null : BigInt(block) }, t).what;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
