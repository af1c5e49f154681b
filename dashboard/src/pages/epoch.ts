// One epoch: what its opening froze, who verified whom, and what became of its blocks.

import type { Watch } from "../watch";
import { get } from "../api/client";
import type { Decision, Epoch, Listed, MarkedBlock } from "../api/types";
import { h, type Child } from "../dom";
import { blockName, counted, grouped } from "../format";
import { deviceLink, entry, hash, money, outcome, section } from "../parts/bits";
import { graph } from "../parts/graph";
import { paged } from "../parts/paged";
import { table } from "../parts/table";
import { to } from "../routes";
import { answered, asking, type Page } from "./page";

export function epoch(watch: Watch, signal: AbortSignal, number: number): Page {
  const path = `/v1/epochs/${number}`;
  return {
    title: `Epoch ${number}`,
    node: h("article", { class: "epoch-page" },
      h("div", { class: "page-head" },
        h("h1", { class: "page-title" }, `Epoch ${grouped(number)}`),
        h("nav", { class: "steps", "aria-label": "Epochs" },
          number > 0 && h("a", { class: "button quiet", href: to.epoch(number - 1) }, `‹ ${number - 1}`),
          h("a", { class: "button quiet", href: to.epoch(number + 1) }, `${number + 1} ›`))),
      h("div", { class: "columns" },
        section("frozen", "As its opening froze it", { class: "panel column" }, answered(watch, signal, "the epoch", asking<Epoch>(path, signal), frozen)),
        section("decided", "Decisions on its blocks", { class: "panel column" },
          paged<Decision>(watch, signal, "decisions", 12, (page) => get<Listed<Decision>>("/v1/decisions", { epoch: number, ...page }, signal), decisions))),
      graph(watch, signal, { fixed: number, pick: () => { location.hash = to.overview; } }),
      section("blocks", "Blocks, and the marks they gave", { class: "panel" },
        paged<MarkedBlock>(watch, signal, "blocks", 25, (page) => get(`${path}/marks`, page, signal), (items) => blocks(items, number)))),
  };
}

function frozen(one: Epoch): Child {
  return h("dl", { class: "entries" },
    entry("Opened", one.opened ? `in the chain's block ${grouped(one.told_block)}` : h("strong", { class: "bad" }, "without a seed")),
    entry("Roster", `${counted(one.roster_size, "block")} of `, h("a", { href: to.epoch(one.roster_epoch) }, `epoch ${one.roster_epoch}`)),
    entry("Window", counted(one.window_size, "suspicious block"), `, from log position ${grouped(one.window_start)}`),
    entry("Marks for a decision", one.decision_marks),
    entry("Checks", `${one.latest_checks} latest, ${one.suspicious_checks} suspicious`),
    entry("Pot", money(one.pot)),
    entry("Blocks", grouped(one.blocks)),
    entry("Became", `${grouped(one.passed)} passed, ${grouped(one.honest)} honest, ${grouped(one.malicious)} malicious`),
    entry("Policy", hash(one.policy_digest, "policy digest")),
    entry("Reference values", hash(one.reference_digest, "reference digest")));
}

function decisions(items: readonly Decision[]): Child {
  return table("Decisions, newest first", [
    { name: "Device", heads: true, cell: (one) => deviceLink(one.device_id, one.seat) },
    { name: "Decided", cell: (one) => outcome(one.verdict) },
    { name: "For", title: "the weight of valid marks", number: true, cell: (one) => grouped(one.positive) },
    { name: "Against", title: "the weight of negative marks", number: true, cell: (one) => grouped(one.negative) },
  ], items, { empty: "No block of it was decided." });
}

function blocks(items: readonly MarkedBlock[], number: number): Child {
  const against = (one: MarkedBlock) => one.marks.filter((given) => given.mark !== "valid").length;
  return table(`Blocks of epoch ${number}`, [
    { name: "Block", heads: true, cell: (one) => h("a", { href: to.block(number, one.order) }, blockName(one.order)) },
    { name: "Seat", number: true, cell: (one) => one.seat },
    { name: "Weight", number: true, cell: (one) => grouped(one.weight) },
    { name: "Valid", number: true, cell: (one) => one.marks.length - against(one) },
    { name: "Negative", number: true, cell: (one) => h("span", { class: against(one) > 0 ? "bad" : "quiet-text" }, against(one)) },
  ], items, { empty: "No blocks." });
}
