// How a transaction hangs under its block: drawn in the form in which this chain commits to it.
import { useSignal } from "@preact/signals";
import type { CommitmentPath, Execution, PathNode, Request, TransferVerdict } from "spanlight/module";
import { number, short } from "../format.ts";
import { text } from "../text/index.ts";
import { Section } from "./parts.tsx";

type End = Request | Execution;

export function Commitment({ transfer }: { transfer: TransferVerdict }) {
  const t = text.value.commitment;
  const { request, execution } = transfer;
  const ends: { title: string; end: End }[] = [];
  if (request !== null) ends.push({ title: t.request, end: request });
  if (execution !== null) ends.push({ title: t.execution, end: execution });
  const picked = useSignal(0);
  const shown = ends[Math.min(picked.value, ends.length - 1)];
  if (shown === undefined) return null;
  const { commitment, block, index } = shown.end;
  const [form, explained] = t.forms[commitment.form];
  return (
    <Section id="commitment-title" title={t.heading} lead={t.lead} testid="commitment" extra={{ "data-form": commitment.form }}>
      {ends.length > 1 && (
        <div class="segments no-print" role="group" aria-label={t.heading}>
          {ends.map(({ title, end }, at) => (
            <button type="button" key={title} aria-pressed={ends[at] === shown} onClick={() => (picked.value = at)}>
              {title} <span class="muted">· {end.chain}</span>
            </button>
          ))}
        </div>
      )}
      <p>
        <strong>{form}</strong>
        <span class="muted"> · {t.place(number(block.number), number(index))}</span>
        <br />
        {explained}
      </p>
      <Drawing commitment={commitment} block={number(block.number)} index={index} title={`${form}: ${explained}`} />
    </Section>
  );
}

function Drawing({ commitment, block, index, title }: { commitment: CommitmentPath; block: string; index: number; title: string }) {
  switch (commitment.form) {
    case "trie":
      return <TriePath nodes={commitment.receipts} block={block} title={title} />;
    case "simple":
      return <BinaryPath siblings={commitment.receipts} block={block} index={index} title={title} />;
    case "concat":
      return <Row items={commitment.items} block={block} index={index} title={title} />;
  }
}

const WIDTH = 340;
const STEP = 62;

function Frame({ height, title, children }: { height: number; title: string; children: preact.ComponentChildren }) {
  return (
    <svg class="drawing" viewBox={`0 0 ${WIDTH} ${height}`} width={WIDTH} height={height} role="img" aria-label={title}>
      {children}
    </svg>
  );
}

function Node({ x, y, width, label, value, kind }: { x: number; y: number; width: number; label: string; value: string; kind: "root" | "node" | "item" | "aside" }) {
  return (
    <g class={`node ${kind}`}>
      <rect x={x} y={y} width={width} height="40" rx="9" />
      <text x={x + width / 2} y={value === "" ? y + 25 : y + 17} class="node-label">
        {label}
      </text>
      {value !== "" && (
        <text x={x + width / 2} y={y + 32} class="node-value">
          {value}
        </text>
      )}
    </g>
  );
}

function TriePath({ nodes, block, title }: { nodes: PathNode[]; block: string; title: string }) {
  const t = text.value.commitment;
  const middle = WIDTH / 2;
  return (
    <Frame height={(nodes.length + 1) * STEP} title={title}>
      <Node x={middle - 90} y={2} width={180} label={t.header(block)} value={t.receiptsRoot} kind="root" />
      {nodes.map((node, at) => {
        const y = 2 + (at + 1) * STEP;
        const before = nodes[at - 1];
        const last = at === nodes.length - 1;
        return (
          <g key={at}>
            <path class="edge" d={`M${middle} ${y - STEP + 40}V${y}`} />
            {before !== undefined && before.nibbles !== "" && (
              <text class="edge-label" x={middle + 10} y={y - 7}>
                {before.nibbles}
              </text>
            )}
            <Node x={middle - 90} y={y} width={180} label={last ? t.leaf : t.node(String(at + 1))} value={node.hash === null ? t.embedded : short(node.hash)} kind={last ? "item" : "node"} />
          </g>
        );
      })}
    </Frame>
  );
}

function BinaryPath({ siblings, block, index, title }: { siblings: string[]; block: string; index: number; title: string }) {
  const t = text.value.commitment;
  const levels = siblings.length;
  const height = (levels + 1) * STEP;
  // From the item at the bottom up to the root.
  const y = (level: number): number => 2 + (levels - level) * STEP;
  const isRight = (level: number): boolean => (index >> level) % 2 === 1;
  return (
    <Frame height={height} title={title}>
      {siblings.map((sibling, level) => {
        const right = isRight(level);
        const own = right ? 250 : 90;
        const other = right ? 90 : 250;
        return (
          <g key={level}>
            <path class="edge" d={`M${own} ${y(level)}L${WIDTH / 2} ${y(level + 1) + 40}`} />
            <path class="edge aside" d={`M${other} ${y(level)}L${WIDTH / 2} ${y(level + 1) + 40}`} />
            <Node x={other - 78} y={y(level)} width={156} label={t.sibling} value={short(sibling)} kind="aside" />
            <Node x={own - 78} y={y(level)} width={156} label={level === 0 ? t.leaf : t.node(String(levels - level))} value={level === 0 ? t.index(String(index)) : ""} kind={level === 0 ? "item" : "node"} />
          </g>
        );
      })}
      <Node x={WIDTH / 2 - 90} y={y(levels)} width={180} label={t.header(block)} value={t.receiptsRoot} kind="root" />
    </Frame>
  );
}

/** More receipts than fit are drawn as a gap. */
const MOST = 12;

function Row({ items, block, index, title }: { items: number; block: string; index: number; title: string }) {
  const t = text.value.commitment;
  const shown = Math.min(items, MOST);
  const first = Math.max(0, Math.min(index - Math.floor(MOST / 2), items - shown));
  const width = (WIDTH - 8) / Math.max(shown, 1);
  return (
    <Frame height={150} title={title}>
      <Node x={WIDTH / 2 - 90} y={2} width={180} label={t.header(block)} value={t.receiptsRoot} kind="root" />
      {Array.from({ length: shown }, (_, at) => {
        const x = 4 + at * width;
        const own = first + at === index;
        return (
          <g key={at} class={own ? "node item" : "node aside"}>
            <path class={own ? "edge" : "edge aside"} d={`M${x + width / 2} 92L${WIDTH / 2} 42`} />
            <rect x={x + 2} y="92" width={Math.max(width - 4, 4)} height="34" rx="6" />
            <text x={x + width / 2} y="113" class="node-label">
              {first + at}
            </text>
          </g>
        );
      })}
      <text class="node-value" x={WIDTH / 2} y="143">
        {t.receipts(number(items))}
      </text>
    </Frame>
  );
}
