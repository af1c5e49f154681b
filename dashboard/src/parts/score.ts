// A score's way through the tiers.

import { svg } from "../dom";
import { grouped } from "../format";
import { isNarrow } from "../screen";

const HEIGHT = 150;
const LEFT = 42;
const BANDS = [["full", 9_000, 10_000], ["warning", 7_500, 9_000], ["restricted", 5_000, 7_500], ["suspended", 0, 5_000]] as const;

const level = (score: number) => 8 + (1 - score / 10_000) * (HEIGHT - 30);

/** Steps in time's order, each as wide as the others: several may fall into one epoch. */
export function scoreChart(steps: readonly { epoch: number; score: number }[]): SVGSVGElement | null {
  if (steps.length < 2) return null;
  const full = isNarrow() ? 340 : 560;
  const width = (full - LEFT - 8) / (steps.length - 1);
  const points = steps.map((step, at) => [LEFT + at * width, level(step.score)] as const);
  const [first, last] = [steps[0], steps.at(-1)];
  const words = `score from ${grouped(first?.score ?? 0)} in epoch ${first?.epoch ?? 0} to ${grouped(last?.score ?? 0)} in epoch ${last?.epoch ?? 0}; the lines of arithmetic below say it in numbers`;
  return svg("svg", { class: "score-chart", viewBox: `0 0 ${full} ${HEIGHT}`, role: "img", "aria-label": words },
    BANDS.map(([tier, from, until]) => svg("rect", { class: `band tier-${tier}`, x: LEFT, width: full - LEFT, y: level(until), height: level(from) - level(until) })),
    [9_000, 7_500, 5_000].map((bound) => [
      svg("line", { class: "bound", x1: LEFT, x2: full, y1: level(bound), y2: level(bound) }),
      svg("text", { class: "axis", x: LEFT - 6, y: level(bound), "text-anchor": "end", "dominant-baseline": "central" }, grouped(bound)),
    ]),
    svg("polyline", { class: "way", points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") }),
    points.map(([x, y], at) => svg("circle", { class: "point", cx: x.toFixed(1), cy: y.toFixed(1), r: at === points.length - 1 ? 4 : 2 })),
    svg("text", { class: "axis", x: LEFT, y: HEIGHT - 4 }, `epoch ${first?.epoch ?? 0}`),
    svg("text", { class: "axis", x: full, y: HEIGHT - 4, "text-anchor": "end" }, `epoch ${last?.epoch ?? 0}`));
}
