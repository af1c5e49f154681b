// The page: a frame that stays, and the view that the address names.

import { fill, h } from "./dom";
import { attack } from "./pages/attack";
import { block } from "./pages/block";
import { device } from "./pages/device";
import { epoch } from "./pages/epoch";
import { overview } from "./pages/overview";
import type { Page } from "./pages/page";
import { announce, announcer } from "./parts/announcer";
import { banner } from "./parts/banner";
import { finder } from "./parts/finder";
import { themeSwitch } from "./parts/theme";
import { parse, to, type Route } from "./routes";
import { Watch } from "./watch";

function open(route: Route, watch: Watch, signal: AbortSignal): Page {
  switch (route.page) {
    case "overview": return overview(watch, signal, route.find);
    case "attack": return attack(watch, signal);
    case "device": return device(watch, signal, route.id);
    case "epoch": return epoch(watch, signal, route.epoch);
    case "block": return block(watch, signal, route.epoch, route.order);
    case "missing": return missing(route.asked);
  }
}

function missing(asked: string): Page {
  return {
    title: "No such page",
    node: h("article", null, h("h1", { class: "page-title" }, "No such page"),
      h("p", null, "Nothing is at ", h("code", null, asked.slice(0, 200)), ". ", h("a", { href: to.overview }, "To the overview"))),
  };
}

function start(): void {
  const watch = new Watch();
  const main = h("main", { id: "main", tabindex: -1 });
  const links = ([["Overview", to.overview, "overview"], ["Attack", to.attack, "attack"]] as const)
    .map(([name, href, page]) => ({ page, node: h("a", { href }, name) }));
  document.body.append(
    h("a", { class: "skip", href: "#main", on: { click: (event) => { event.preventDefault(); main.focus(); } } }, "Skip to content"),
    h("header", { class: "frame" },
      h("div", { class: "bar" },
        h("a", { class: "brand", href: to.overview, "aria-label": "MulTEEverse, overview" }, "Mul", h("b", null, "TEE"), "verse"),
        h("nav", { class: "views", "aria-label": "Views" }, links.map((link) => link.node)),
        finder(), themeSwitch()),
      banner(watch)),
    main,
    h("footer", { class: "foot" }, h("p", null, "Everything here can be asked for: ", h("a", { href: "/openapi.json" }, "openapi.json"), ", ", h("a", { href: "/health" }, "health"), ", ", h("a", { href: "/metrics" }, "metrics"), ". Times are UTC; scores are of 10,000; amounts are in tokens.")),
    announcer());

  let shown: AbortController | null = null;
  let view = "";
  const title = () => {
    document.title = [...new Set([view, watch.overview?.name ?? "", "MulTEEverse"])].filter((part) => part !== "").join(" · ");
  };
  watch.on("overview", title);
  const show = (first: boolean) => {
    shown?.abort();
    shown = new AbortController();
    const route = parse(location.hash);
    const page = open(route, watch, shown.signal);
    main.dataset["page"] = route.page;
    for (const link of links) {
      if (link.page === route.page) link.node.setAttribute("aria-current", "page");
      else link.node.removeAttribute("aria-current");
    }
    fill(main, page.node);
    view = page.title;
    title();
    if (first) return;
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
    announce(page.title, true);
  };
  window.addEventListener("hashchange", () => show(false));
  show(true);
  watch.start();
}

start();
