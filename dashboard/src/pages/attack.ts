// The attack view: what each camp's verdicts weigh, epoch by epoch.

import type { Watch } from "../watch";
import { get } from "../api/client";
import type { Weights } from "../api/types";
import { h, type Child } from "../dom";
import { grouped } from "../format";
import { section } from "../parts/bits";
import { camps, weightChart } from "../parts/weights";
import { table } from "../parts/table";
import { to } from "../routes";
import { answered, type Page } from "./page";

export function attack(watch: Watch, signal: AbortSignal): Page {
  return {
    title: "Attack",
    node: h("article", { class: "attack-page" },
      h("h1", { class: "page-title" }, "Attack"),
      h("p", { class: "lead" }, "A verdict weighs its giver's score, squared. Who lies is found out by the decisions that follow, and weighs less from epoch to epoch."),
      section("weights", "Weight of each camp's verdicts", { class: "panel" },
        answered(watch, signal, "the weights", async () => over(await get<Weights>("/v1/weights", {}, signal), watch.overview?.epoch ?? null), weights))),
  };
}

/** Without the epoch under way, in which not everybody has published yet; unless there is no other. */
export function over(answer: Weights, epoch: number | null): Weights {
  const epochs = answer.epochs.filter((one) => epoch === null || one.epoch < epoch);
  return epochs.length > 0 ? { ...answer, epochs } : answer;
}

function weights(answer: Weights): Child {
  const list = camps(answer);
  if (answer.epochs.length === 0) return h("p", { class: "nothing" }, "No epoch was opened yet.");
  const unlabelled = list.every((camp) => camp.label === null)
    ? h("p", { class: "notice" }, "No device is labelled with a camp, so there is one camp only. The demo labels those who collude: multee demo --watch.")
    : h("p", { class: "notice" }, h("strong", null, "Simulated. "), "Camps are known because the demo made them; the network is not told.");
  const last = answer.epochs.at(-1);
  const first = answer.epochs.find((epoch) => epoch.weight > 0);
  return [
    unlabelled,
    h("dl", { class: "figures" }, list.map((camp, at) => h("div", { class: "figure" },
      h("dt", null, h("span", { class: `swatch camp-${at % 5}`, "aria-hidden": "true" }), camp.name), h("dd", { class: "numbers" }, `${share(camp.of(last), last?.weight ?? 0)}`),
      h("dd", { class: "note" }, `of all weight in epoch ${last?.epoch ?? 0}; at first ${share(camp.of(first), first?.weight ?? 0)}`)))),
    weightChart(answer),
    h("details", { class: "alternative" }, h("summary", null, "The same as a table"),
      table("Weight of verdicts by camp and epoch", [
        { name: "Epoch", heads: true, cell: (epoch) => h("a", { href: to.epoch(epoch.epoch) }, epoch.epoch) },
        ...list.map((camp) => ({ name: camp.name, number: true, cell: (epoch: Weights["epochs"][number]) => `${grouped(camp.of(epoch))} (${share(camp.of(epoch), epoch.weight)})` })),
        { name: "All", number: true, cell: (epoch: Weights["epochs"][number]) => grouped(epoch.weight) },
      ], [...answer.epochs].reverse())),
  ];
}

function share(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}
