// A score's last steps as a small line. The words say what the line shows.

import type { Score } from "../api/types";
import { svg } from "../dom";
import { grouped } from "../format";

const WIDTH = 84;
const HEIGHT = 22;
const BOUNDS = [9_000, 7_500, 5_000];

/** Places of scores on the line's ground. */
export function places(scores: readonly number[], width = WIDTH, height = HEIGHT): (readonly [number, number])[] {
  const step = scores.length > 1 ? (width - 4) / (scores.length - 1) : 0;
  return scores.map((score, at) => [2 + at * step, level(score, height)] as const);
}

/** Below this, a device is suspended: there is nothing more to tell apart. */
const LEAST = 4_000;

function level(score: number, height: number): number {
  const share = (Math.min(10_000, Math.max(LEAST, score)) - LEAST) / (10_000 - LEAST);
  return 2 + (1 - share) * (height - 4);
}

export function sparkline(history: readonly Score[]): SVGSVGElement {
  const scores = history.map((point) => point.score);
  const points = places(scores);
  const last = points.at(-1);
  const words = scores.length === 0 ? "no scores yet" : `scores from ${grouped(scores[0] ?? 0)} to ${grouped(scores.at(-1) ?? 0)}, lowest ${grouped(Math.min(...scores))}`;
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": words },
    BOUNDS.map((bound) => svg("line", { class: "bound", x1: 0, x2: WIDTH, y1: level(bound, HEIGHT), y2: level(bound, HEIGHT) })),
    points.length > 1 && svg("polyline", { points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") }),
    last && svg("circle", { cx: last[0].toFixed(1), cy: last[1].toFixed(1), r: 2 }));
}
