// Weights by camp over epochs, stacked. Camps are told apart by hatching, too, and named where they end.

import type { Weights } from "../api/types";
import { svg } from "../dom";
import { grouped } from "../format";
import { isNarrow } from "../screen";

type Point = Weights["epochs"][number];
export interface Camp { readonly label: string | null; readonly name: string; of(point: Point | undefined): number }

/** Camps, those without a label first: they are the ground that the others stand on. */
export function camps(answer: Weights): Camp[] {
  const labels = [...new Set(Object.values(answer.labels))].sort();
  const rest = (point: Point | undefined) => Math.max(0, (point?.weight ?? 0) - Object.values(point?.by_label ?? {}).reduce((sum, { weight }) => sum + weight, 0));
  const others: Camp = { label: null, name: labels.length === 0 ? "all devices" : "everybody else", of: rest };
  const labelled = labels.map((label): Camp => ({ label, name: label, of: (point) => point?.by_label[label]?.weight ?? 0 }));
  return answer.epochs.some((epoch) => rest(epoch) > 0) || labels.length === 0 ? [others, ...labelled] : labelled;
}

const HEIGHT = 360;
const LEFT = 76;
const TOP = 30;
const BOTTOM = 48;

/** A round step that divides a scale into at most five. */
export function roundStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most / 5)));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => most / step <= 5) ?? 10 * power;
}

/** Lower and upper edge of each camp at each epoch, as shares of the height. */
export function stacked(answer: Weights, list: readonly Camp[]): { readonly most: number; readonly edges: readonly (readonly number[])[] } {
  const most = Math.max(1, ...answer.epochs.map((epoch) => list.reduce((sum, camp) => sum + camp.of(epoch), 0)));
  const edges = answer.epochs.map((epoch) => {
    let sum = 0;
    return [0, ...list.map((camp) => (sum += camp.of(epoch)) / most)];
  });
  return { most, edges };
}

export function weightChart(answer: Weights): SVGSVGElement {
  const list = camps(answer);
  const { most, edges } = stacked(answer, list);
  const [width, right] = isNarrow() ? [460, 16] : [1000, 150];
  const step = (width - LEFT - right) / Math.max(1, answer.epochs.length - 1);
  const x = (at: number) => LEFT + at * step;
  const y = (share: number) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  const path = (camp: number) => {
    const upper = edges.map((edge, at) => `${x(at).toFixed(1)},${y(edge[camp + 1] ?? 0).toFixed(1)}`);
    const lower = edges.map((edge, at) => `${x(at).toFixed(1)},${y(edge[camp] ?? 0).toFixed(1)}`).reverse();
    return `M${[...upper, ...lower].join("L")}Z`;
  };
  const every = Math.max(1, Math.ceil(answer.epochs.length / (isNarrow() ? 6 : 12)));
  const tick = roundStep(most);
  const ticks = Array.from({ length: Math.floor(most / tick) + 1 }, (_, at) => at * tick);
  return svg("svg", { class: "weights", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `Weight of verdicts by camp over ${answer.epochs.length} epochs; the table below says it in numbers` },
    svg("defs", null, list.map((_, at) => hatch(at))),
    svg("text", { class: "axis", x: 0, y: 12 }, "weight: score², of all who published"),
    ticks.map((weight) => [
      svg("line", { class: "grid", x1: LEFT, x2: width - right, y1: y(weight / most), y2: y(weight / most) }),
      svg("text", { class: "axis", x: LEFT - 8, y: y(weight / most), "text-anchor": "end", "dominant-baseline": "central" }, grouped(weight)),
    ]),
    list.map((_, at) => [svg("path", { class: `area camp-${at % 5}`, d: path(at) }), svg("path", { class: "hatched", d: path(at), fill: `url(#hatch-${at % 5})` })]),
    answer.epochs.map((epoch, at) => at % every === 0 && svg("text", { class: "axis", x: x(at), y: HEIGHT - 28, "text-anchor": "middle" }, epoch.epoch)),
    svg("text", { class: "axis", x: width - right, y: HEIGHT - 8, "text-anchor": "end" }, "epoch"),
    isNarrow() ? null : names(list, edges.at(-1) ?? [], (share) => y(share), width - right + 10));
}

/** Names beside the last epoch; apart from each other even where a camp has hardly any weight left. */
function names(list: readonly Camp[], end: readonly number[], y: (share: number) => number, x: number) {
  let below = Infinity;
  return list.map((camp, at) => {
    const place = Math.min(y(((end[at] ?? 0) + (end[at + 1] ?? 0)) / 2), below - 18);
    below = place;
    return svg("text", { class: "camp-name", x, y: place, "dominant-baseline": "central" }, camp.name);
  });
}

function hatch(at: number): SVGPatternElement {
  const kind = at % 5;
  const lines = ["", "M0 8L8 0", "M0 0L8 8", "M4 0V8", "M0 4H8"][kind] ?? "";
  return svg("pattern", { id: `hatch-${kind}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" }, svg("path", { class: "hatch", d: lines }));
}
