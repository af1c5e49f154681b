// The network in a few figures.

import type { Watch } from "../watch";
import type { Overview } from "../api/types";
import { fill, h, style, type Child } from "../dom";
import { clock, grouped, percent } from "../format";
import { FACES, isTier, mark, TIERS } from "../tiers";
import { section } from "./bits";

/** What the figures lead to. */
export interface Leads { readonly tier: (tier: string) => void; readonly sort: (by: string) => void }

export function tiles(watch: Watch, signal: AbortSignal, leads: Leads): HTMLElement {
  const tiers = h("div", { class: "tiers" });
  const figures = h("dl", { class: "figures" });
  const rest = h("span", { class: "numbers" }, "–");
  const gone = h("div", { class: "gone", "aria-hidden": "true" });
  const note = h("span");
  const tick = () => {
    const overview = watch.overview;
    if (!overview) return;
    const left = overview.next_epoch_s - watch.now();
    rest.textContent = left > 0 ? clock(left) : "due";
    note.textContent = `${overview.epoch === null ? "before genesis" : `epoch ${overview.epoch + 1}`}${watch.stands() ? "; the clock is moved by hand" : ""}`;
    const share = Math.min(1, Math.max(0, 1 - left / Math.max(1, overview.epoch_seconds)));
    style(gone, { "--gone": `${(share * 100).toFixed(1)}%` });
  };
  const show = (overview: Overview) => {
    fill(tiers, tierBar(overview, leads.tier));
    fill(figures, figuresOf(overview, leads), h("div", { class: "figure" },
      h("dt", null, "Next epoch in"), h("dd", null, rest), h("dd", { class: "note" }, gone, note)));
    tick();
  };
  watch.on("overview", show, signal);
  watch.on("tick", tick, signal);
  if (watch.overview) show(watch.overview);
  return section("network", "The network", { class: "panel tiles" }, tiers, figures);
}

function figuresOf(overview: Overview, leads: Leads): Child[] {
  const { last_day: day } = overview;
  return [
    figure("Success, last day", percent(day.success_bps), `${grouped(day.good)} good, ${grouped(day.malicious)} malicious`, day.success_bps !== null && day.success_bps < 9_000),
    figure("Failed", grouped(overview.failed), "suspended or blocked", overview.failed > 0, () => leads.sort("lowest_score")),
    figure("Absent", grouped(overview.absent), overview.last_opened === null ? "no epoch yet" : `no block in epoch ${overview.last_opened}`, overview.absent > 0, () => leads.sort("oldest")),
    figure("Open suspicions", grouped(overview.undecided), `${grouped(overview.pending)} blocks not judged yet`, false),
    figure("Leaving", grouped(overview.exiting), "announced, or gone", false),
  ];
}

function figure(name: string, value: string, note: string, alarming: boolean, lead?: () => void): HTMLElement {
  const shown = lead && value !== "0"
    ? h("button", { type: "button", class: "lead-on", "data-key": name, title: "Show them in the list of devices", "aria-label": `${value} ${name.toLowerCase()}: show them in the list`, on: { click: lead } }, value)
    : value;
  return h("div", { class: alarming ? "figure alarming" : "figure" }, h("dt", null, name), h("dd", { class: "numbers" }, shown), h("dd", { class: "note" }, note));
}

/** Devices by tier: a bar to see, and buttons that show those of one tier. */
function tierBar(overview: Overview, pick: (tier: string) => void): Child[] {
  const total = Object.values(overview.seats).reduce((sum, count) => sum + count, 0);
  const present = TIERS.filter((tier) => (overview.seats[tier] ?? 0) > 0);
  const bar = h("div", { class: "tier-bar", "aria-hidden": "true" }, present.map((tier) => {
    const part = h("span", { class: `part tier-${tier}` });
    style(part, { "flex-grow": String(overview.seats[tier] ?? 0) });
    return part;
  }));
  const known = TIERS.map((tier) => [tier, overview.seats[tier] ?? 0] as const);
  const foreign = Object.entries(overview.seats).filter(([tier]) => !isTier(tier));
  return [
    h("p", { class: "tier-total" }, h("strong", { class: "numbers" }, grouped(total)), ` ${total === 1 ? "device" : "devices"}`),
    bar,
    h("ul", { class: "tier-list", "aria-label": "Devices by tier" }, [...known, ...foreign].map(([tier, count]) => h("li", null,
      h("button", { type: "button", class: "tier-button", "data-key": `tier-${tier}`, title: isTier(tier) ? FACES[tier].meaning : "", on: { click: () => pick(tier) } },
        mark(tier, { size: 26 }), h("span", { class: "numbers" }, grouped(count)), h("span", { class: "name" }, isTier(tier) ? FACES[tier].word : tier))))),
  ];
}
