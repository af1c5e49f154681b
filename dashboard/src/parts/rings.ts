// Where nodes of a wheel stand.

import type { Graph, GraphNode } from "../api/types";

export interface Place { readonly x: number; readonly y: number }

/** Those who got more negative marks than valid ones: whom they stand against, and not whom somebody slanders. */
export function accused(graph: Pick<Graph, "edges" | "aggregated">): Set<string> {
  if (graph.aggregated) return new Set();
  const balance = new Map<string, number>();
  for (const edge of graph.edges) balance.set(edge.target, (balance.get(edge.target) ?? 0) + edge.negative - edge.positive);
  return new Set([...balance].filter(([, negative]) => negative > 0).map(([id]) => id));
}

/** Places of nodes: rings, wide enough that no two touch, the accused on the inner ones. */
export function arrange(nodes: readonly GraphNode[], accused: ReadonlySet<string>, gap = 54): Map<string, Place> {
  const places = new Map<string, Place>();
  const inner = nodes.filter((node) => accused.has(node.id));
  const outer = nodes.filter((node) => !accused.has(node.id));
  let radius = ring(inner, least(inner.length, gap * 1.3), places);
  // Several rings when there are many, so that the wheel stays as large as the screen can show.
  for (const part of rings(outer)) {
    radius = ring(part, Math.max(radius + gap * 1.6, least(part.length, gap)), places);
  }
  return places;
}

/** The radius at which neighbours are `gap` apart. */
function least(count: number, gap: number): number {
  return count <= 1 ? 0 : gap / (2 * Math.sin(Math.PI / count));
}

function rings(nodes: readonly GraphNode[]): GraphNode[][] {
  const count = nodes.length > 150 ? 3 : nodes.length > 60 ? 2 : 1;
  const parts: GraphNode[][] = Array.from({ length: count }, () => []);
  // Outer rings hold more: 2, 3, 4 of 9 for three.
  const shares = { 1: [1], 2: [2, 3], 3: [2, 3, 4] }[count] ?? [1];
  const pattern = shares.flatMap((share, at) => Array.from({ length: share }, () => at));
  nodes.forEach((node, at) => parts[pattern[at % pattern.length] ?? 0]?.push(node));
  return parts.filter((part) => part.length > 0);
}

function ring(nodes: readonly GraphNode[], radius: number, places: Map<string, Place>): number {
  nodes.forEach((node, at) => {
    const angle = (2 * Math.PI * at) / nodes.length - Math.PI / 2;
    places.set(node.id, { x: radius * Math.cos(angle), y: radius * Math.sin(angle) });
  });
  return nodes.length === 0 ? 0 : radius;
}
