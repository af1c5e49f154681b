// What happens, as it is told. It can be paused: then it only counts.

import type { Watch } from "../watch";
import { get, isAborted, told } from "../api/client";
import type { FeedItem, Listed } from "../api/types";
import { fill, h } from "../dom";
import { counted, grouped } from "../format";
import { to } from "../routes";
import { announce } from "./announcer";
import { failure, nothing, section, waiting } from "./bits";

const SHOWN_MAX = 60;
const DRAW_MS = 400;

/** Newest first, each once, not more than are shown. */
export function merged(before: readonly FeedItem[], more: readonly FeedItem[], max = SHOWN_MAX): FeedItem[] {
  const all = new Map<string, FeedItem>();
  for (const item of [...more, ...before]) all.set(item.id, item);
  return [...all.values()].sort((a, b) => b.block - a.block || b.log_index - a.log_index).slice(0, max);
}

const GOOD = new Set(["seat_admitted", "seat_restarted", "seat_revived", "power_verified"]);
const BAD = new Set(["seat_suspended", "seat_blocked", "seat_penalised", "equivocation_proven", "power_unverified", "publication_refused", "seat_removed", "standstill_announced"]);

/** Whether it is good news for trust, bad news, or neither. */
export function tone({ kind, detail }: Pick<FeedItem, "kind" | "detail">): "good" | "bad" | "plain" {
  if (kind === "block_decided") return (detail as { verdict?: unknown } | null)?.verdict === "malicious" ? "bad" : "good";
  if (GOOD.has(kind)) return "good";
  return BAD.has(kind) ? "bad" : "plain";
}

export function feed(watch: Watch, signal: AbortSignal): HTMLElement {
  const list = h("ol", { class: "feed-list", reversed: true });
  const region = h("div", { class: "feed-scroll", role: "region", "aria-label": "List of events", tabindex: 0 }, waiting("events"));
  const pause = h("button", { type: "button", class: "quiet", "aria-pressed": "false" }, "Pause");
  const state = h("span", { class: "feed-state" });
  let items: FeedItem[] = [];
  let held: FeedItem[] = [];
  let paused = false;
  let drawing: number | undefined;

  const draw = () => {
    drawing = undefined;
    fill(list, items.map(entry));
    if (list.parentNode !== region) fill(region, list);
    if (items.length === 0) fill(region, nothing("Nothing has happened yet."));
  };
  const later = () => { drawing ??= window.setTimeout(draw, DRAW_MS); };
  const load = async () => {
    try {
      const { items: newest } = await get<Listed<FeedItem>>("/v1/changes", { limit: SHOWN_MAX }, signal);
      if (paused) held = newest;
      else {
        items = merged([], newest);
        draw();
      }
    } catch (error) {
      if (!isAborted(error) && items.length === 0) fill(region, failure(told(error), () => void load()));
    }
  };
  const status = () => {
    const line = !watch.online ? "offline" : watch.streaming ? "live" : "asked for now and then";
    state.textContent = paused ? `paused, ${counted(held.length, "new event")}` : line;
    state.dataset["state"] = paused ? "paused" : line;
  };
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume" : "Pause";
    if (!paused) {
      items = merged(items, held);
      held = [];
      draw();
    }
    status();
  });
  watch.on("event", (item) => {
    if (paused) held = merged(held, [item]);
    else {
      items = merged(items, [item]);
      later();
      if (tone(item) !== "plain") announce(item.text);
    }
    status();
  }, signal);
  watch.on("changed", () => { if (!watch.streaming) void load(); }, signal);
  watch.on("reorg", () => void load(), signal);
  watch.on("tick", status, signal);
  void load();
  return section("feed", "Events", { class: "panel feed", aside: h("div", { class: "feed-controls" }, state, pause) }, region);
}

function entry(item: FeedItem): HTMLElement {
  const kind = tone(item);
  const sign = { good: "▲", bad: "▼", plain: "·" }[kind];
  const text = item.device_id === null
    ? item.epoch !== null && item.kind.startsWith("epoch") ? h("a", { href: to.epoch(item.epoch), "data-key": item.id }, item.text) : item.text
    : h("a", { href: to.device(item.device_id), title: item.device_id, "data-key": item.id }, item.text);
  return h("li", { class: `event ${kind}` },
    h("span", { class: "sign", "aria-hidden": "true" }, sign),
    h("span", { class: "text" }, text),
    h("span", { class: "at numbers" }, `block ${grouped(item.block)}`));
}
