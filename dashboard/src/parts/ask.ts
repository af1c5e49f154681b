// "Is this device trusted now, and why?"

import type { Watch } from "../watch";
import { get, isAborted, told } from "../api/client";
import type { Hits, Listed, Seat } from "../api/types";
import { fill, h } from "../dom";
import { counted, short } from "../format";
import { named, ofPath, parse } from "../routes";
import { failure, section, waiting } from "./bits";
import { Verdict, type Bounds } from "./verdict";

export const SCORE_LEAST = 9000;
export const AGE_MOST = 3;
const CANDIDATES_MAX = 8;

export function ask(watch: Watch, signal: AbortSignal): HTMLElement {
  const verdict = new Verdict(watch, signal, true);
  const candidates = h("div", { class: "candidates" });
  const whom = h("input", {
    id: "ask-device", name: "device", type: "text", autocomplete: "off", spellcheck: "false", autocapitalize: "off", maxlength: 80,
    placeholder: "0x… device id or address, or a seat's number", "aria-describedby": "ask-hint",
  });
  const score = numberField("ask-score", "min_score", SCORE_LEAST, 10_000);
  const age = numberField("ask-age", "max_age", AGE_MOST, 4_000_000);
  let round = 0;

  const bounds = (): Bounds => ({ min_score: valueOf(score, SCORE_LEAST), max_age: valueOf(age, AGE_MOST) });
  const judge = (id: string) => {
    fill(candidates);
    void verdict.ask(id, bounds());
  };
  const submit = async () => {
    const mine = ++round;
    verdict.clear();
    fill(candidates, waiting("the device"));
    try {
      const found = await resolve(whom.value, signal);
      if (mine !== round) return;
      if (typeof found === "string") fill(candidates, failure(found));
      else if (found.length === 1 && found[0]) judge(found[0].id);
      else fill(candidates, choice(found, judge));
    } catch (error) {
      if (!isAborted(error) && mine === round) fill(candidates, failure(told(error), () => void submit()));
    }
  };
  const form = h("form", { class: "ask-form", "aria-label": "Ask about a device", on: { submit: (event) => { event.preventDefault(); void submit(); } } },
    h("div", { class: "field wide" }, h("label", { for: "ask-device" }, "Device"), whom),
    h("div", { class: "field" }, h("label", { for: "ask-score" }, "Minimum score"), score),
    h("div", { class: "field" }, h("label", { for: "ask-age" }, "Maximum age, epochs"), age),
    h("button", { type: "submit", class: "main" }, "Ask"));
  return section("ask", "Is this device trusted now?", { class: "panel ask" }, form,
    h("p", { id: "ask-hint", class: "hint" }, "A device id, an operator's, provider's or incarnation's address, a seat, or the first digits of an id."),
    candidates, verdict.node);
}

function numberField(id: string, name: string, value: number, max: number): HTMLInputElement {
  return h("input", { id, name, type: "number", inputmode: "numeric", min: 0, max, step: 1, value, required: true });
}

function valueOf(input: HTMLInputElement, otherwise: number): number {
  const value = Number(input.value);
  return Number.isInteger(value) && value >= 0 ? value : otherwise;
}

interface Candidate { readonly id: string; readonly title: string }

/** The devices that may be meant, or why there is none. */
async function resolve(text: string, signal: AbortSignal): Promise<Candidate[] | string> {
  const whom = named(text);
  switch (whom.kind) {
    case "nothing": return "Name a device.";
    case "malformed": return "That is neither a device id (0x and 64 digits), nor an address (0x and 40 digits), nor a seat's number, nor at least four first digits of one.";
    case "device": return [{ id: whom.id, title: whom.id }];
    case "address": return beginning(whom.address, signal);
    case "prefix": return beginning(whom.prefix, signal);
    case "seat": return seated(whom.seat, signal);
  }
}

async function seated(seat: number, signal: AbortSignal): Promise<Candidate[] | string> {
  const { items } = await get<Hits>("/v1/search", { q: seat }, signal);
  const hit = items.find((one) => one.kind === "seat");
  const route = parse(ofPath(hit?.path ?? "") ?? "");
  return hit && route.page === "device" ? [{ id: route.id, title: hit.title }] : `There is no seat ${seat}.`;
}

/** Devices whose id, or one of whose accounts, begins with this. */
async function beginning(digits: string, signal: AbortSignal): Promise<Candidate[] | string> {
  const { items } = await get<Listed<Seat>>("/v1/devices", { q: digits, limit: CANDIDATES_MAX }, signal);
  const found = new Map(items.map((row) => [row.device_id, { id: row.device_id, title: `seat ${row.seat}, ${short(row.device_id, 6)}` }]));
  return found.size > 0 ? [...found.values()] : `No device is known by ${digits}.`;
}

function choice(found: readonly Candidate[], judge: (id: string) => void): HTMLElement {
  return h("div", { role: "group", "aria-label": "Which device?" },
    h("p", { class: "hint" }, `${counted(found.length, "device")} may be meant:`),
    h("ul", { class: "choice" }, found.map((one) => h("li", null,
      h("button", { type: "button", class: "quiet", title: one.id, on: { click: () => judge(one.id) } }, one.title)))));
}
