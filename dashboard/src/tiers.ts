// Tiers and their marks. A tier is told by letter, shape and word; colour only repeats it.

import { svg } from "./dom";

export const TIERS = ["full", "warning", "restricted", "probation", "suspended", "blocked"] as const;
export type Tier = (typeof TIERS)[number];

interface Face {
  readonly letter: string;
  readonly word: string;
  readonly meaning: string;
  /** The outline within 24 × 24. */
  readonly path: string;
  /** What cytoscape calls the same outline. */
  readonly shape: "ellipse" | "triangle" | "diamond" | "hexagon" | "rectangle" | "octagon" | "round-triangle";
  /** Where the letter's middle is. */
  readonly middle: number;
}

export const FACES: { readonly [tier in Tier]: Face } = {
  full: {
    letter: "F", word: "Full", meaning: "score 9000 or more: operational", shape: "ellipse", middle: 12,
    path: "M12 1.5a10.5 10.5 0 1 1 0 21a10.5 10.5 0 1 1 0-21z",
  },
  warning: {
    letter: "W", word: "Warning", meaning: "score 7500 to 8999: operational, flagged", shape: "round-triangle", middle: 15.5,
    path: "M12 1.5L23.5 22H.5z",
  },
  restricted: {
    letter: "R", word: "Restricted", meaning: "score 5000 to 7499: for nothing critical", shape: "diamond", middle: 12,
    path: "M12 .5L23.5 12L12 23.5L.5 12z",
  },
  probation: {
    letter: "P", word: "Probation", meaning: "not admitted, or restarted: its blocks are being judged", shape: "hexagon", middle: 12,
    path: "M6.5 2h11l5.5 10l-5.5 10h-11L1 12z",
  },
  suspended: {
    letter: "S", word: "Suspended", meaning: "fell below 5000: has to restart", shape: "rectangle", middle: 12,
    path: "M2 2h20v20H2z",
  },
  blocked: {
    letter: "B", word: "Blocked", meaning: "for good", shape: "octagon", middle: 12,
    path: "M7.5 1.5h9l6 6v9l-6 6h-9l-6-6v-9z",
  },
};

export function isTier(name: string): name is Tier {
  return (TIERS as readonly string[]).includes(name);
}

/** A tier's mark. Beside its word it is decoration; alone it says the word. */
export function mark(tier: string, { alone = false, size = 20 } = {}): SVGSVGElement {
  const face = isTier(tier) ? FACES[tier] : null;
  const known = face ?? { letter: "?", word: tier, path: FACES.full.path, middle: 12 };
  const voice = alone ? { role: "img", "aria-label": `tier ${known.word}` } : { "aria-hidden": "true" };
  return svg("svg", { class: `mark tier-${face ? tier : "other"}`, viewBox: "0 0 24 24", width: size, height: size, ...voice },
    alone && svg("title", null, `tier ${known.word}`),
    svg("path", { d: known.path }),
    svg("text", { x: 12, y: known.middle, "text-anchor": "middle", "dominant-baseline": "central" }, known.letter));
}
