// The network on one page.

import type { Watch } from "../watch";
import { h } from "../dom";
import { ask } from "../parts/ask";
import { Devices } from "../parts/devices";
import { feed } from "../parts/feed";
import { graph } from "../parts/graph";
import { moneyBar } from "../parts/money";
import { tiles } from "../parts/tiles";
import type { Page } from "./page";

export function overview(watch: Watch, signal: AbortSignal, find?: string): Page {
  const devices = new Devices(watch, signal);
  const pick = (tier: string) => devices.pick(tier);
  const leads = { tier: pick, sort: (by: string) => devices.sort(by) };
  if (find === undefined) void devices.refresh();
  else devices.find(find);
  return {
    title: "Overview",
    node: h("div", { class: "overview" },
      h("h1", { class: "offstage" }, "Overview"),
      ask(watch, signal), tiles(watch, signal, leads),
      feed(watch, signal), graph(watch, signal, { pick }),
      devices.node, moneyBar(watch, signal)),
  };
}
