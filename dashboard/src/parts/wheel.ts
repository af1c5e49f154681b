// Who verified whom, drawn: devices on a wheel, and whom most marks are against in its middle.

import cytoscape, { type Core, type StylesheetJson } from "cytoscape";
import type { Graph, GraphNode } from "../api/types";
import { h } from "../dom";
import { grouped } from "../format";
import { FACES, isTier, TIERS } from "../tiers";
import { accused, arrange, type Place } from "./rings";

/** Beyond so many lines they are a surface: then valid marks are drawn only of the node that is pointed at. */
const EDGES_MAX = 2_500;

/** Whether a graph has more valid marks than are drawn. */
export function isDense(graph: Graph): boolean {
  return graph.edges.length > EDGES_MAX;
}

export class Wheel {
  #core: Core | null = null;
  #drawn: Graph | null = null;

  constructor(private readonly container: HTMLElement, private readonly pick: (node: GraphNode) => void, private readonly point: (node: GraphNode | null) => void) {}

  draw(graph: Graph): void {
    this.#drawn = graph;
    this.#core?.destroy();
    const places = arrange(graph.nodes, accused(graph), graph.aggregated ? 110 : 54);
    this.#core = cytoscape({
      container: this.container,
      elements: [...nodesOf(graph, places), ...edgesOf(graph, (edge) => edge.negative > 0 || !isDense(graph))],
      style: styles(this.container),
      layout: { name: "preset", fit: true, padding: 26 },
      minZoom: 0.1, maxZoom: 3, autoungrabify: true, boxSelectionEnabled: false, userZoomingEnabled: false, userPanningEnabled: false,
      pixelRatio: "auto",
    });
    this.#listen(this.#core, graph);
  }

  /** Again in other colours, or for another width. */
  redraw(): void {
    if (this.#drawn) this.draw(this.#drawn);
  }

  fit(): void {
    this.#core?.resize().fit(undefined, 26);
  }

  destroy(): void {
    this.#core?.destroy();
    this.#core = null;
  }

  #listen(core: Core, graph: Graph): void {
    const byId = new Map(graph.nodes.map((node) => [node.id, node]));
    core.on("tap", "node", (event) => {
      const node = byId.get(event.target.id() as string);
      if (node) this.pick(node);
    });
    core.on("mouseover", "node", (event) => {
      this.container.classList.add("over");
      this.point(byId.get(event.target.id() as string) ?? null);
      if (isDense(graph)) core.add(edgesOf(graph, (edge) => edge.negative === 0 && [edge.source, edge.target].includes(event.target.id() as string))).addClass("passing");
      core.elements().addClass("faint");
      event.target.closedNeighborhood().removeClass("faint").addClass("near");
    });
    core.on("mouseout", "node", () => {
      this.container.classList.remove("over");
      this.point(null);
      core.elements(".passing").remove();
      core.elements().removeClass("faint near");
    });
  }
}

function nodesOf(graph: Graph, places: ReadonlyMap<string, Place>): cytoscape.ElementDefinition[] {
  const most = Math.max(1, ...graph.nodes.map((node) => node.seats));
  return graph.nodes.map((node) => ({
    group: "nodes",
    data: {
      id: node.id,
      name: graph.aggregated ? `${wordOf(node.tier)} ${grouped(node.seats)}` : String(node.seat ?? "?"),
      size: graph.aggregated ? 34 + 76 * Math.sqrt(node.seats / most) : graph.nodes.length > 60 ? 40 : 30,
    },
    classes: `tier-${isTier(node.tier) ? node.tier : "other"}${graph.aggregated ? " many" : ""}`,
    position: { ...(places.get(node.id) ?? { x: 0, y: 0 }) },
  }));
}

function wordOf(tier: string): string {
  return isTier(tier) ? FACES[tier].word : tier;
}

function edgesOf(graph: Graph, isDrawn: (edge: Graph["edges"][number]) => boolean): cytoscape.ElementDefinition[] {
  const width = (count: number) => (graph.aggregated ? 1 + Math.log10(1 + count) * 1.5 : 1.4);
  return graph.edges.flatMap((edge, at) => {
    if (!isDrawn(edge)) return [];
    const of = (kind: string, count: number): cytoscape.ElementDefinition[] => count === 0 ? [] : [{
      group: "edges", data: { id: `${kind}${at}`, source: edge.source, target: edge.target, width: width(count), count: grouped(count) }, classes: `${kind}${graph.aggregated ? " many" : ""}`,
    }];
    // A straight line has no way from a node to itself; the table says what stays within a tier.
    return [...(edge.source === edge.target ? [] : of("positive", edge.positive)), ...of("negative", edge.negative)];
  });
}

/** What a colour is in the theme that is shown: canvases know no custom properties. */
function resolver(container: HTMLElement): (name: string) => string {
  const probe = h("span", { hidden: true });
  container.append(probe);
  const css = getComputedStyle(probe);
  const colours = new Map<string, string>();
  const colour = (name: string) => {
    probe.style.setProperty("color", `var(--${name})`);
    return colours.get(name) ?? (colours.set(name, css.color), css.color);
  };
  window.setTimeout(() => probe.remove());
  return colour;
}

function styles(container: HTMLElement): StylesheetJson {
  const colour = resolver(container);
  const tiers: StylesheetJson = TIERS.map((tier) => ({
    selector: `node.tier-${tier}`,
    style: { shape: FACES[tier].shape, "background-color": colour(`${tier}-fill`), "border-color": colour(`${tier}-rim`), color: colour(`${tier}-ink`) },
  }));
  return [
    { selector: "node", style: {
      width: "data(size)", height: "data(size)", label: "data(name)", "text-valign": "center", "text-halign": "center", "font-size": 12, "font-weight": 700,
      "font-family": getComputedStyle(container).fontFamily, "border-width": 2, "text-wrap": "wrap", "background-color": colour("ground"),
      "border-color": colour("ink"), color: colour("ink"), "overlay-opacity": 0,
    } },
    ...tiers,
    { selector: "node.tier-warning", style: { "text-margin-y": 4 } },
    { selector: "node.many", style: { "font-size": 15, "text-valign": "bottom", "text-margin-y": 5, color: colour("ink"), "text-background-color": colour("ground"), "text-background-opacity": 0.8, "text-background-padding": "2px" } },
    { selector: "edge", style: { width: "data(width)", "overlay-opacity": 0 } },
    { selector: "edge.positive", style: { "curve-style": "haystack", "haystack-radius": 0, "line-color": colour("positive"), opacity: 0.28 } },
    { selector: "edge.negative", style: {
      "curve-style": "bezier", "line-color": colour("negative"), "target-arrow-color": colour("negative"), "target-arrow-shape": "triangle", width: 2.6,
      "line-style": "dashed", "line-dash-pattern": [7, 4], "arrow-scale": 1.1, "z-index": 9,
    } },
    { selector: "edge.negative.many", style: {
      width: "data(width)", label: "data(count)", "font-size": 14, "font-weight": 700, color: colour("negative"), "text-background-color": colour("ground"),
      "text-background-opacity": 0.9, "text-background-padding": "2px", "control-point-step-size": 46,
    } },
    { selector: ".faint", style: { opacity: 0.1 } },
    { selector: "edge.near", style: { opacity: 1 } },
    { selector: "node.near", style: { opacity: 1 } },
  ];
}
