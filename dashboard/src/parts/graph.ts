// Who verified whom in an epoch: as a wheel, or as a table that says the same.

import type { Watch } from "../watch";
import { get, isAborted, told } from "../api/client";
import type { Graph, GraphNode } from "../api/types";
import { fill, h, style, type Child } from "../dom";
import { counted, grouped, short, words } from "../format";
import { to } from "../routes";
import { FACES, isTier, mark, TIERS } from "../tiers";
import { deviceLink, failure, section, tier, waiting } from "./bits";
import { accused } from "./rings";
import { table } from "./table";
import { isDense, Wheel } from "./wheel";

export interface Showing { readonly fixed?: number; readonly pick: (tier: string) => void }

/** What a graph shows, in words. */
export function summary(graph: Graph): string {
  const sum = (key: "positive" | "negative") => graph.edges.reduce((total, edge) => total + edge[key], 0);
  const what = graph.aggregated ? `${counted(graph.blocks, "block")}, drawn by tier` : counted(graph.blocks, "block");
  return `Epoch ${graph.epoch}: ${what}; ${counted(sum("positive"), "valid mark")}, ${counted(sum("negative"), "negative mark")}`;
}

export function graph(watch: Watch, signal: AbortSignal, showing: Showing): HTMLElement {
  const canvas = h("div", { class: "wheel", role: "img", "aria-label": "Graph of marks" });
  const body = h("div", { class: "graph-body" }, waiting("the marks"));
  const told_ = h("p", { class: "hint", "aria-live": "off" });
  const wheel = new Wheel(canvas, (node) => open(node, showing.pick), (node) => {
    if (answer) told_.textContent = node === null ? summary(answer) + drawn(answer) : described(node);
  });
  const toggle = h("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "Table");
  let epoch: number | null = showing.fixed ?? null;
  let follows = showing.fixed === undefined;
  let answer: Graph | null = null;
  let askedLate = false;
  let asTable = false;

  const draw = () => {
    if (answer === null) return;
    told_.textContent = summary(answer) + drawn(answer);
    canvas.setAttribute("aria-label", `${summary(answer)}. The button Table shows it as a table.`);
    if (asTable) return fill(body, answer.aggregated ? matrix(answer) : marksTable(answer));
    canvas.classList.toggle("small", answer.aggregated);
    fill(body, canvas, answer.aggregated && matrix(answer));
    wheel.draw(answer);
  };
  const load = async () => {
    const wanted = epoch;
    if (wanted === null || isOver(wanted)) return;
    const late = wanted < (watch.overview?.last_opened ?? wanted);
    try {
      const next = await get<Graph>(`/v1/epochs/${wanted}/graph`, {}, signal);
      if (wanted !== epoch) return;
      askedLate = late;
      if (JSON.stringify(next) === JSON.stringify(answer)) return;
      answer = next;
      draw();
    } catch (error) {
      if (!isAborted(error) && wanted === epoch && answer?.epoch !== wanted) fill(body, failure(told(error), () => void load()));
    }
  };
  // Of an epoch that is over, and was over when it was asked for, nothing changes any more.
  const isOver = (wanted: number) => answer?.epoch === wanted && askedLate && wanted < (watch.overview?.last_opened ?? wanted);
  const chooser = epochChooser((chosen, newest) => {
    epoch = chosen;
    follows = chosen === newest;
    void load();
  });
  toggle.addEventListener("click", () => {
    asTable = !asTable;
    toggle.setAttribute("aria-pressed", String(asTable));
    draw();
  });
  const follow = () => {
    const newest = watch.overview?.last_opened ?? null;
    if (newest === null) return fill(body, h("p", { class: "nothing" }, "No epoch was opened yet."));
    if (follows) epoch = newest;
    chooser.show(epoch ?? newest, newest);
    void load();
  };
  if (showing.fixed === undefined) watch.on("changed", follow, signal);
  else watch.on("changed", () => void load(), signal);
  new ResizeObserver(() => wheel.fit()).observe(canvas);
  document.addEventListener("themed", () => { if (!asTable) wheel.redraw(); }, { signal });
  signal.addEventListener("abort", () => wheel.destroy(), { once: true });
  if (showing.fixed !== undefined) void load();
  else if (watch.overview) follow();
  return section("graph", "Who verified whom", { class: "panel graph", aside: h("div", { class: "controls" }, showing.fixed === undefined && chooser.node, toggle) },
    body, h("div", { class: "graph-foot" }, told_, legend()));
}

function drawn(graph: Graph): string {
  const middle = accused(graph).size > 0 ? ". In the middle: whom most marks are against" : "";
  return middle + (isDense(graph) ? ". Valid marks are drawn of the device that is pointed at." : "");
}

function described(node: GraphNode): string {
  const word = isTier(node.tier) ? FACES[node.tier].word : words(node.tier);
  if (node.device_id === null) return `${word}: ${counted(node.seats, "block")}`;
  return [`Seat ${node.seat ?? "?"}`, word, node.score === null ? "" : `score ${grouped(node.score)}`, short(node.device_id)].filter((part) => part !== "").join(", ");
}

function open(node: GraphNode, pick: (tier: string) => void): void {
  if (node.device_id === null) pick(node.tier);
  else location.hash = to.device(node.device_id);
}

/** Chooses an epoch by slider or step by step. */
function epochChooser(choose: (epoch: number, newest: number) => void) {
  const slider = h("input", { type: "range", id: "graph-epoch", min: 0, max: 0, step: 1, value: 0, "aria-label": "Epoch shown" });
  const shown = h("output", { class: "numbers", for: "graph-epoch" }, "–");
  const go = (epoch: number) => {
    const newest = Number(slider.max);
    const wanted = Math.min(newest, Math.max(0, epoch));
    slider.value = String(wanted);
    say();
    choose(wanted, newest);
  };
  const say = () => {
    shown.textContent = slider.value;
    slider.setAttribute("aria-valuetext", `epoch ${slider.value}`);
    back.disabled = Number(slider.value) <= 0;
    forth.disabled = Number(slider.value) >= Number(slider.max);
  };
  const back = h("button", { type: "button", class: "quiet", "aria-label": "Epoch before", on: { click: () => go(Number(slider.value) - 1) } }, "‹");
  const forth = h("button", { type: "button", class: "quiet", "aria-label": "Epoch after", on: { click: () => go(Number(slider.value) + 1) } }, "›");
  slider.addEventListener("input", () => go(Number(slider.value)));
  const show = (epoch: number, newest: number) => {
    slider.max = String(newest);
    slider.value = String(epoch);
    say();
  };
  return { node: h("div", { class: "chooser", role: "group", "aria-label": "Epoch" }, h("span", { class: "chooser-name" }, "Epoch ", shown), back, slider, forth), show };
}

function legend(): HTMLElement {
  return h("ul", { class: "legend", "aria-label": "Legend" },
    TIERS.map((name) => h("li", null, mark(name, { size: 16 }), FACES[name].word)),
    h("li", null, h("span", { class: "stroke positive", "aria-hidden": "true" }), "valid mark"),
    h("li", null, h("span", { class: "stroke negative", "aria-hidden": "true" }), "negative mark"));
}

/** Marks from tier to tier, with the negative ones before all. */
function matrix(answer: Graph): HTMLElement {
  const between = new Map(answer.edges.map((edge) => [`${edge.source} ${edge.target}`, edge]));
  const cell = (from: GraphNode, to: GraphNode): Child => {
    const edge = between.get(`${from.id} ${to.id}`);
    if (!edge || edge.positive + edge.negative === 0) return "–";
    const share = edge.negative / (edge.positive + edge.negative);
    const shade = h("span", { class: edge.negative > 0 ? "cell some" : "cell" }, h("strong", null, grouped(edge.negative)), ` of ${grouped(edge.positive + edge.negative)}`);
    style(shade, { "--share": `${Math.round(share * 55)}%` });
    return shade;
  };
  const from = answer.nodes.filter((node) => answer.edges.some((edge) => edge.source === node.id));
  return h("div", { class: "matrix" }, table(`Negative marks of all in epoch ${answer.epoch}, from tier to tier`, [
    { name: "By", heads: true, cell: (node) => tier(node.tier) },
    ...answer.nodes.map((node) => ({ name: `on ${isTier(node.tier) ? FACES[node.tier].word : node.tier}`, number: true, cell: (by: GraphNode) => cell(by, node) })),
  ], from, { empty: "No marks were given." }));
}

function marksTable(answer: Graph): HTMLElement {
  const nodes = new Map(answer.nodes.map((node) => [node.id, node]));
  const name = (id: string) => {
    const node = nodes.get(id);
    if (!node) return id;
    return node.device_id === null ? `${isTier(node.tier) ? FACES[node.tier].word : node.tier} (${grouped(node.seats)})` : [deviceLink(node.device_id, node.seat), " ", tier(node.tier)];
  };
  const seat = (id: string) => nodes.get(id)?.seat ?? 0;
  const edges = [...answer.edges].sort((a, b) => b.negative - a.negative || seat(a.source) - seat(b.source) || seat(a.target) - seat(b.target));
  return table(`Marks of epoch ${answer.epoch}, negative ones first`, [
    { name: "Verifier", heads: true, cell: (edge) => name(edge.source) },
    { name: "Verified", cell: (edge) => name(edge.target) },
    { name: "Valid", number: true, cell: (edge) => grouped(edge.positive) },
    { name: "Negative", number: true, cell: (edge) => h("span", { class: edge.negative > 0 ? "bad" : "quiet-text" }, grouped(edge.negative)) },
    { name: "Why", cell: (edge) => edge.negative_marks.map(words).join(", ") },
  ], edges, { empty: "No marks were given." });
}
