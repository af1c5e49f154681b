// Which network this is, how fresh what is known of it is, and what must not be overlooked.

import type { Watch } from "../watch";
import { fill, h, type Child } from "../dom";
import { duration, grouped, relative, utc } from "../format";
import type { Overview } from "../api/types";
import { to } from "../routes";
import { announce } from "./announcer";
import { hash } from "./bits";

export interface Warning {
  readonly kind: "offline" | "stale" | "paused" | "simulated" | "trouble";
  readonly word: string;
  readonly text: string;
}

/** All that must not be overlooked, the gravest first. */
export function warnings(watch: Pick<Watch, "overview" | "online" | "answeredMs" | "trouble">, nowMs: number): Warning[] {
  const found: Warning[] = [];
  const { overview } = watch;
  if (!watch.online) {
    const since = Math.floor(watch.answeredMs / 1000);
    const text = `since ${utc(since)}, for ${duration((nowMs - watch.answeredMs) / 1000)}: ${watch.trouble ?? "no answer"}. What is shown was known then. This page goes on asking.`;
    found.push({ kind: "offline", word: "Offline", text });
  } else if (watch.trouble !== null) {
    found.push({ kind: "trouble", word: "No overview", text: watch.trouble });
  }
  const head = overview?.head.state;
  if (watch.online && head !== undefined && head !== "ok") found.push(staleness(head));
  if (overview?.paused) found.push({ kind: "paused", word: "Paused", text: "the contract's owner has paused the network: nothing is published." });
  if (overview?.simulated) {
    const why = typeof overview.simulated === "string" ? overview.simulated.replace(/^simulated:?\s*/i, "") : "the evidence comes from a software hardware-vendor";
    found.push({ kind: "simulated", word: "Simulated", text: why });
  }
  return found;
}

function staleness(state: string): Warning {
  if (state === "catching_up") return { kind: "stale", word: "Catching up", text: "the gateway still reads the chain's history: numbers are of the past." };
  if (state === "out_of_touch") return { kind: "stale", word: "Stale", text: "the gateway has lost the chain: nothing shown is sure to hold now." };
  return { kind: "stale", word: "Stale", text: "the chain's newest block is too old: nothing shown is sure to hold now." };
}

export function banner(watch: Watch): HTMLElement {
  const name = h("p", { class: "network-name" }, "…");
  const facts = h("dl", { class: "facts" });
  const alerts = h("div", { class: "alerts", role: "region", "aria-label": "State of what is shown" });
  let said = "";

  const age = h("span", { class: "age" });
  const tick = () => {
    const head = watch.overview?.head;
    if (head?.timestamp_s !== null && head?.timestamp_s !== undefined) {
      age.textContent = relative(head.timestamp_s, Math.max(watch.now(), head.timestamp_s));
    }
    showAlerts();
  };
  const showAlerts = () => {
    const all = warnings(watch, Date.now());
    document.documentElement.dataset["line"] = watch.head();
    const kinds = all.map((warning) => warning.kind).join(" ");
    if (kinds === said) {
      // Only the words that count on: a region that is built anew would be read out again.
      all.forEach((warning, at) => {
        const text = alerts.children[at]?.querySelector("span");
        if (text && text.textContent !== warning.text) text.textContent = warning.text;
      });
      return;
    }
    const worse = all.find((warning) => warning.kind === "offline" || warning.kind === "stale");
    if (said.includes("offline") && !kinds.includes("offline")) announce("The gateway answers again", true);
    if (worse && !said.includes(worse.kind)) announce(`${worse.word}: ${worse.text}`, true);
    said = kinds;
    fill(alerts, all.map(alert));
  };
  const show = (overview: Overview) => {
    name.textContent = overview.name || "MulTEEverse";
    fill(facts,
      fact("Chain", String(overview.chain_id)),
      fact("Contract", hash(overview.contract, "contract address")),
      fact("Head", h("span", { class: "numbers" }, overview.head.number === null ? "–" : grouped(overview.head.number)), age),
      fact("Epoch", overview.epoch === null ? "–" : h("a", { class: "numbers", href: to.epoch(overview.last_opened ?? overview.epoch), "data-key": "epoch" }, overview.epoch)));
    tick();
  };
  watch.on("overview", show);
  watch.on("line", tick);
  watch.on("tick", tick);
  return h("div", { class: "banner" }, h("div", { class: "banner-row" }, name, facts), alerts);
}

function fact(name: string, ...value: Child[]): HTMLElement {
  return h("div", { class: "fact" }, h("dt", null, name), h("dd", null, ...value));
}

function alert(warning: Warning): HTMLElement {
  return h("p", { class: `alert ${warning.kind}` }, h("strong", null, warning.word), " ", h("span", null, warning.text));
}
