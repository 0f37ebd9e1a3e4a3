// The picture: two chains, their sealed blocks, the request, the votes, the execution.
import type { Report, TransferVerdict } from "spanlight/module";
import { number } from "../format.ts";
import { followed, toneOf } from "../model/facts.ts";
import { narrow } from "../model/screen.ts";
import { text } from "../text/index.ts";
import { operatorsOf, type Shown } from "./operators.tsx";
import { Section } from "./parts.tsx";
import { headline } from "./verdict.tsx";

const LANE = 118;
const BAND = 138;
const HEIGHT = LANE * 2 + BAND;
const BLOCK = 46;
const MOST_VOTES = 6;

interface Block {
  number: string;
  label: string;
  kind: "trusted" | "plain" | "key" | "absent";
  seals: { count: number; of: number } | null;
}

interface Lane {
  chain: string;
  title: string;
  blocks: Block[];
  /** Place of the block that matters among them. */
  key: number;
}

export function Picture({ transfer, report }: { transfer: TransferVerdict; report: Report }) {
  const t = text.value;
  const width = narrow.value ? 330 : 720;
  const lanes: [Lane, Lane] = [sourceLane(transfer, report), destinationLane(transfer, report)];
  return (
    <Section id="picture-title" title={t.picture.heading} testid="picture-card">
      <figure class="picture" data-testid="picture" data-tone={toneOf(transfer)}>
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={t.picture.description(transfer.from, transfer.to, headline(transfer, t))}>
          <Flow transfer={transfer} lanes={lanes} width={width} />
          <LaneView lane={lanes[0]} top={0} width={width} labelsBelow={false} />
          <LaneView lane={lanes[1]} top={LANE + BAND} width={width} labelsBelow />
        </svg>
        <Legend />
      </figure>
    </Section>
  );
}

function sourceLane(transfer: TransferVerdict, report: Report): Lane {
  const t = text.value.picture;
  const { request, as_of, from } = transfer;
  const key: Block | undefined = request ? block(report, from, request.block.number, t.request, "key") : undefined;
  return lane(report, from, t.source, as_of.source?.number, key, t.noRequest);
}

function destinationLane(transfer: TransferVerdict, report: Report): Lane {
  const t = text.value.picture;
  const { execution, as_of, to } = transfer;
  const key: Block | undefined = execution ? block(report, to, execution.block.number, t.handle, "key") : undefined;
  return lane(report, to, t.destination, as_of.destination?.number, key, t.noHandle);
}

/** The trusted block, the block that matters or a place where it is not, and the block as of which the verdict holds. */
function lane(report: Report, chain: string, title: string, head: bigint | undefined, key: Block | undefined, absent: string): Lane {
  const t = text.value.picture;
  const trusted = followed(report).find((one) => one.chain === chain)?.checkpoint;
  const blocks: Block[] = [];
  if (trusted !== undefined && trusted !== key?.number) blocks.push({ number: trusted, label: t.checkpoint, kind: "trusted", seals: null });
  const at = blocks.length;
  blocks.push(key ?? { number: "", label: absent, kind: "absent", seals: null });
  if (head !== undefined && head.toString() !== key?.number) blocks.push(block(report, chain, head, t.head, "plain"));
  return { chain, title, blocks, key: at };
}

function block(report: Report, chain: string, height: bigint, label: string, kind: Block["kind"]): Block {
  const sealed = report.seals.find((one) => one.chain === chain && one.block.number === height)?.seals;
  return { number: height.toString(), label, kind, seals: sealed ? { count: sealed.signers.length, of: sealed.signers.length + sealed.absent.length } : null };
}

/** Horizontal place of a block: trusted on the left, the one that matters in the middle, the newest on the right. */
function place(lane: Lane, at: number, width: number): number {
  const share = at === lane.key ? 0.5 : at < lane.key ? 0.16 : 0.84;
  return share * width;
}

function LaneView({ lane, top, width, labelsBelow }: { lane: Lane; top: number; width: number; labelsBelow: boolean }) {
  const middle = top + LANE / 2 + (labelsBelow ? -4 : 8);
  const first = place(lane, 0, width);
  const last = place(lane, lane.blocks.length - 1, width);
  return (
    <g>
      <rect class="lane" x="0" y={top} width={width} height={LANE} rx="14" />
      <text x="14" y={labelsBelow ? top + LANE - 10 : top + 21}>
        <tspan class="strong">{lane.chain}</tspan>
        <tspan class="soft" dx="8">
          {lane.title}
        </tspan>
      </text>
      <path class="chainline gap" d={`M8 ${middle}H${first}`} />
      <path class="chainline" d={`M${first} ${middle}H${last}`} />
      <path class="chainline gap" d={`M${last} ${middle}H${width - 8}`} />
      {lane.blocks.map((one, at) => (
        <BlockView key={at} block={one} x={place(lane, at, width)} y={middle} labelsBelow={labelsBelow} />
      ))}
    </g>
  );
}

function BlockView({ block, x, y, labelsBelow }: { block: Block; x: number; y: number; labelsBelow: boolean }) {
  const { kind, label, seals } = block;
  const wide = Math.max(BLOCK, block.number.length * 8 + 22);
  const labelY = labelsBelow ? y - BLOCK / 2 - 8 : y + BLOCK / 2 + 20;
  return (
    <g>
      <rect class={`block ${kind}`} x={x - wide / 2} y={y - BLOCK / 2} width={wide} height={BLOCK} rx="10" />
      <text class={kind === "key" ? "mid strong" : "mid"} x={x} y={seals ? y - 1 : y + 4.5}>
        {kind !== "absent" && text.value.picture.block(block.number)}
      </text>
      {seals && <SealDots x={x} y={y + 13} seals={seals} />}
      <text class={kind === "key" || kind === "absent" ? "mid strong" : "mid soft"} x={x} y={labelY}>
        {label}
      </text>
    </g>
  );
}

const MOST_DOTS = 7;

function SealDots({ x, y, seals }: { x: number; y: number; seals: { count: number; of: number } }) {
  const shown = Math.min(seals.of, MOST_DOTS);
  const full = Math.round((seals.count / Math.max(seals.of, 1)) * shown);
  const left = x - ((shown - 1) * 9) / 2;
  return (
    <g>
      {Array.from({ length: shown }, (_, at) => (
        <circle key={at} class={at < full ? "seal" : "seal none"} cx={left + at * 9} cy={y} r="3" />
      ))}
    </g>
  );
}

/** From the request through the votes to the execution. */
function Flow({ transfer, lanes, width }: { transfer: TransferVerdict; lanes: [Lane, Lane]; width: number }) {
  const t = text.value.picture;
  const people = operatorsOf(transfer);
  const shown: (Shown | null)[] = people.length > 0 ? people.slice(0, MOST_VOTES) : Array.from({ length: Math.min(transfer.votes ?? 0, MOST_VOTES) }, () => null);
  const y = LANE + BAND / 2;
  const [top, bottom] = [LANE - 24, LANE + BAND + 32];
  const [start, end] = [place(lanes[0], lanes[0].key, width), place(lanes[1], lanes[1].key, width)];
  const [requested, executed] = [transfer.request !== null, transfer.execution !== null];
  const gap = Math.min(86, (width - 60) / Math.max(shown.length, 1));
  const x = (at: number): number => width / 2 + (at - (shown.length - 1) / 2) * gap;
  return (
    <g>
      {shown.length === 0 && <path class={requested && executed ? "flow" : "flow absent"} d={`M${start} ${top}V${bottom}`} />}
      {shown.map((who, at) => {
        const counts = who === null || ["voted", "executor", "culprit"].includes(who.role);
        const silent = who?.role === "silent" || who?.role === "not_operator";
        return (
          <g key={at}>
            {!silent && <path class={requested && who?.role !== "culprit" && counts ? "flow" : "flow absent"} d={curve(start, top, x(at), y)} />}
            {!silent && <path class={executed && counts ? "flow" : "flow absent"} d={curve(x(at), y, end, bottom)} />}
          </g>
        );
      })}
      {shown.map((who, at) => (
        <Vote key={at} who={who} x={x(at)} y={y} named={gap >= 60} />
      ))}
      {transfer.votes !== null && transfer.threshold !== null && (
        <text class="soft" x="14" y={narrow.value ? LANE + 22 : y + 4}>
          {text.value.verdict.votes(String(transfer.votes), String(transfer.threshold))}
        </text>
      )}
      {people.length > MOST_VOTES && (
        <text class="soft end" x={width - 14} y={y + 4}>
          {t.more(number(people.length - MOST_VOTES))}
        </text>
      )}
    </g>
  );
}

function curve(x: number, y: number, toX: number, toY: number): string {
  const middle = (y + toY) / 2;
  return `M${x} ${y}C${x} ${middle} ${toX} ${middle} ${toX} ${toY}`;
}

const GLYPH = { for: "M-6 0l4 4 8-8", other: "M-5-5l10 10M5-5l-10 10", culprit: "M0-7v8M0 6v.5", silent: "M-5 0h10" };

function Vote({ who, x, y, named }: { who: Shown | null; x: number; y: number; named: boolean }) {
  const kind = who === null ? "for" : who.role === "culprit" ? "culprit" : who.role === "voted" || who.role === "executor" ? "for" : who.role === "dissented" || who.role === "reverted" ? "other" : "silent";
  return (
    <g>
      <circle class={`vote ${kind}`} cx={x} cy={y} r="17" />
      <path class="glyph" d={GLYPH[kind]} transform={`translate(${x} ${y})`} />
      {who !== null && named && (
        <text class="soft mid halo" x={x} y={y + 33}>
          {`${who.address.slice(0, 6)}…`}
        </text>
      )}
    </g>
  );
}

function Legend() {
  const t = text.value.picture;
  const entries = [
    { words: t.legendTrusted, mark: <rect class="block trusted" x="2" y="3" width="16" height="14" rx="4" /> },
    { words: t.legendSealed, mark: <circle class="seal" cx="10" cy="10" r="4.5" /> },
    { words: t.legendVoted, mark: <path class="glyph" d={GLYPH.for} transform="translate(10 10)" /> },
    { words: t.legendOther, mark: <path class="glyph" d={GLYPH.other} transform="translate(10 10)" /> },
    { words: t.legendCulprit, mark: <path class="glyph" d={GLYPH.culprit} transform="translate(10 10)" /> },
  ];
  return (
    <ul class="legend">
      {entries.map(({ words, mark }) => (
        <li key={words}>
          <svg viewBox="0 0 20 20" aria-hidden="true">
            {mark}
          </svg>
          {words}
        </li>
      ))}
    </ul>
  );
}
