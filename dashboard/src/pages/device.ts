// One device: is it trusted, what is it, and how did its score come about, line by line.

import type { Watch } from "../watch";
import { get } from "../api/client";
import type { Device, Evidence, FeedItem, Listed, Network, OwnBlock, Received, Reward, Seat, Step } from "../api/types";
import { h, type Child } from "../dom";
import { counted, grouped, percent, rate, short, words } from "../format";
import { AGE_MOST, SCORE_LEAST } from "../parts/ask";
import { copyButton, deviceLink, entry, hash, money, nothing, outcome, section } from "../parts/bits";
import { evidence } from "../parts/evidence";
import { tone } from "../parts/feed";
import { paged } from "../parts/paged";
import { scoreChart } from "../parts/score";
import { table } from "../parts/table";
import { Verdict } from "../parts/verdict";
import { to } from "../routes";
import { FACES, isTier, mark } from "../tiers";
import { isNarrow } from "../screen";
import { answered, asking, type Page } from "./page";


export function device(watch: Watch, signal: AbortSignal, id: string): Page {
  const path = `/v1/devices/${id}`;
  const verdict = new Verdict(watch, signal, false);
  void verdict.ask(id, { min_score: SCORE_LEAST, max_age: AGE_MOST });
  const both = async () => {
    const [one, network] = await Promise.all([get<Device>(path, { limit: 60 }, signal), get<Network>("/v1/network", {}, signal)]);
    return { one, network: { reference_values: network.reference_values } };
  };
  return {
    title: `Device ${short(id)}`,
    node: h("article", { class: "device-page" },
      h("h1", { class: "page-title" }, "Device ", h("span", { class: "hash", title: id }, short(id, 8)), copyButton(id, "device id")),
      h("div", { class: "columns" },
        h("div", { class: "column" },
          section("trust", "Is it trusted now?", { class: "panel" }, verdict.node),
          section("standing", "Standing", { class: "panel" }, answered(watch, signal, "the device", both, ({ one, network }) => standing(one, network.reference_values, watch))),
          section("rewards", "Rewards", { class: "panel" }, paged<Reward>(watch, signal, "rewards", 6, (page) => ofSeat<Reward>("/v1/rewards", path, page, signal), rewards))),
        h("div", { class: "column" },
          section("evidence", "Newest evidence", { class: "panel" },
            answered(watch, signal, "the evidence", asking<Evidence>(`${path}/evidence`, signal), (answer) => evidence(answer, watch.now()))),
          section("changes", "What befell it", { class: "panel" },
            paged<FeedItem>(watch, signal, "changes", isNarrow() ? 6 : 12, (page) => ofSeat<FeedItem>("/v1/changes", path, page, signal), changes)))),
      section("arithmetic", "How its score came about", { class: "panel" },
        paged<Step>(watch, signal, "score steps", isNarrow() ? 5 : 20, stepsOf(path, signal), arithmetic)),
      section("verdicts", "Verdicts by verifier", { class: "panel" },
        paged<Judged>(watch, signal, "verdicts", isNarrow() ? 3 : 6, (page) => judged(path, page, signal), verdicts))),
  };
}

function stepsOf(path: string, signal: AbortSignal) {
  return async (page: { limit: number; offset: number }): Promise<Listed<Step>> => (await get<Device>(path, page, signal)).steps;
}

function standing(one: Device, references: Network["reference_values"], watch: Watch): Child {
  const seat = one.seats[0];
  if (!seat) return nothing("No seat claims it.");
  const others = one.seats.slice(1);
  return [
    h("div", { class: "standing-head" }, mark(seat.tier, { size: 56 }),
      h("div", null, h("p", { class: "big" }, h("span", { class: "numbers" }, grouped(seat.score)), h("span", { class: "of" }, " of 10,000")), h("p", null, standingWords(seat)))),
    scoreChart([...one.steps.items].reverse().map((step) => ({ epoch: step.epoch, score: step.score }))),
    h("dl", { class: "entries" },
      entry("Seat", seat.seat, one.bound_seat === null && ", which claims the device and was not admitted"),
      entry("Streak", `${counted(seat.streak, "good block")} in a row`),
      entry("Penalty points", seat.penalties),
      entry("Measurement", hash(seat.measurement, "measurement", { ends: 8 }), " ", allowed(seat.measurement, references, watch.overview?.epoch ?? null)),
      entry("Incarnation", hash(seat.incarnation, "incarnation's address"), ` since epoch ${seat.since_epoch}`),
      entry("Operator", hash(seat.operator, "operator's address")),
      entry("Provider", hash(seat.provider, "provider's address")),
      entry("Last block", epochLink(seat.last_epoch)),
      entry("Last good block", epochLink(seat.last_good_epoch)),
      entry("Power", grouped(seat.verified_power), seat.power_unverified && h("strong", { class: "bad" }, " unverified")),
      entry("Deposit", money(seat.deposit)),
      entry("Staking rate", h("span", { title: percent(seat.staking_rate_bps) }, rate(seat.staking_rate_bps)), " a year, if it went on so"),
      entry("Earned", money(one.earned)),
      seat.missed_epochs !== null && entry("Missed duties", counted(seat.missed_epochs, "epoch"), " without a block"),
      seat.missed_rewards_estimate !== null && entry("Missed rewards", money(seat.missed_rewards_estimate), h("span", { class: "quiet-text" }, " · an estimate"))),
    others.length > 0 && h("p", { class: "hint" }, `Also claimed by ${others.map((other) => `seat ${other.seat}`).join(", ")}.`),
  ];
}

function standingWords(seat: Seat): Child[] {
  return [isTier(seat.tier) ? FACES[seat.tier].word : seat.tier, ", ", seat.operational ? "operational" : "not operational", seat.exiting && ", leaving"];
}

function epochLink(epoch: number | null, none = "none"): Child {
  return epoch === null ? none : h("a", { href: to.epoch(epoch) }, none === "–" ? epoch : `epoch ${epoch}`);
}

/** A measurement against the reference values that stand now. */
function allowed(measurement: string, references: Network["reference_values"], epoch: number | null): Child {
  const own = references.find((reference) => reference.measurement === measurement);
  if (!own) return h("strong", { class: "bad" }, "not on the list of allowed measurements");
  const span = own.until_epoch >= 0xffff_ffff ? `from epoch ${own.from_epoch} on` : `epochs ${own.from_epoch} to ${own.until_epoch}`;
  const now = epoch === null || (own.from_epoch <= epoch && epoch <= own.until_epoch);
  return now ? h("span", { class: "good" }, `allowed, ${span}`) : h("strong", { class: "bad" }, `not allowed now, only ${span}`);
}

/** `before → after` with all that it follows from. */
function arithmetic(steps: readonly Step[]): Child {
  return table("Score steps, newest first", [
    { name: "Epoch", heads: true, cell: (step) => h("a", { href: to.epoch(step.epoch) }, step.epoch) },
    { name: "Cause", cell: (step) => outcome(step.cause) },
    { name: "Weight for", title: "the weight of valid marks", number: true, cell: (step) => orDash(step.positive) },
    { name: "Weight against", title: "the weight of negative marks", number: true, cell: (step) => orDash(step.negative) },
    { name: "Validity v", title: "validity: what the verdict says of it", number: true, cell: (step) => orDash(step.validity) },
    { name: "Judgement a", title: "judgement: how its own verdicts were borne out", number: true, cell: (step) => orDash(step.judgement) },
    { name: "Target r", title: "target: the score this step goes toward", number: true, cell: (step) => orDash(step.target) },
    { name: "Gain", title: "the share of the distance one step covers", number: true, cell: (step) => percent(step.gain_bps, 0) },
    { name: "Streak", title: "good blocks in a row, before and after", number: true, cell: (step) => `${step.streak_before} → ${step.streak}` },
    { name: "Score", number: true, wide: true, cell: (step) => [grouped(step.score_before), " → ", h("strong", null, grouped(step.score)), " ", delta(step)] },
    { name: "Rule", wide: true, cell: (step) => [words(step.rule), h("span", { class: "formula" }, formula(step))] },
  ], steps, { cards: true, empty: "No steps yet." });
}

function orDash(value: number | null): string {
  return value === null ? "–" : grouped(value);
}

function delta(step: Step): Child {
  const by = step.score - step.score_before;
  if (by === 0) return h("span", { class: "delta" }, "±0");
  return h("span", { class: by > 0 ? "delta up" : "delta down" }, by > 0 ? `▲ ${grouped(by)}` : `▼ ${grouped(-by)}`);
}

/** The step as it is computed (R9). */
export function formula(step: Step): string {
  const { target: r, gain_bps: gain, full_streak: full, score_before: before, streak } = step;
  if (r === null || gain === null) return "";
  if (step.rule === "falls") return `${before} − ⌊${gain} · (${before} − ${r}) / 10000⌋ = ${step.score}`;
  if (step.rule === "rises" && full !== null) return `${before} + ⌊${gain} · ${streak} · (${r} − ${before}) / (10000 · ${full})⌋ = ${step.score}`;
  return "";
}

interface Judged extends OwnBlock { readonly marks: Received["marks"] }

/** Its blocks, each with the marks that it got. */
async function judged(path: string, page: { limit: number; offset: number }, signal: AbortSignal): Promise<Listed<Judged>> {
  const blocks = await get<Listed<OwnBlock>>(`${path}/blocks`, page, signal);
  const marks = (block: OwnBlock) => get<Received>(`/v1/blocks/${block.epoch}/${block.order}/marks`, {}, signal);
  const items = blocks.items.map(async (block) => ({ ...block, marks: (await marks(block)).marks }));
  return { ...blocks, items: await Promise.all(items) };
}

function verdicts(blocks: readonly Judged[]): Child {
  if (blocks.length === 0) return nothing("No block yet.");
  return h("ul", { class: "verdict-list" }, blocks.map((block) => {
    const against = block.marks.filter((given) => given.mark !== "valid").length;
    const summary = block.marks.length === 0 ? "no marks" : `${counted(block.marks.length, "mark")}, ${against} negative`;
    return h("li", null,
      h("p", { class: "verdict-head" }, h("a", { href: to.block(block.epoch, block.order) }, `Epoch ${block.epoch}`), " ", outcome(block.verdict), h("span", { class: "quiet-text" }, ` ${summary}`)),
      h("ul", { class: "given" }, [...block.marks].sort((a, b) => a.epoch - b.epoch || a.seat - b.seat).map((given) => h("li", { class: given.mark === "valid" ? "" : "bad" },
        deviceLink(given.device_id, given.seat), " ", words(given.mark), h("span", { class: "quiet-text" }, ` in epoch ${given.epoch}, weight ${grouped(given.weight)}`)))));
  }));
}

/** What a list has of the seat that the device is bound to, or that claims it. */
async function ofSeat<T>(list: string, path: string, page: { limit: number; offset: number }, signal: AbortSignal): Promise<Listed<T>> {
  const one = await get<Device>(path, { limit: 1 }, signal);
  const seat = one.bound_seat ?? one.seats[0]?.seat;
  return seat === undefined ? { items: [], total: 0, next_offset: null } : get<Listed<T>>(list, { seat, ...page }, signal);
}

function rewards(items: readonly Reward[]): Child {
  return table("Rewards, newest first", [
    { name: "Epoch", heads: true, cell: (reward) => h("a", { href: to.epoch(reward.epoch) }, reward.epoch) },
    { name: "Tokens", number: true, cell: (reward) => money(reward.amount) },
    { name: "To", cell: (reward) => (reward.to_seat ? "the seat" : h("span", { class: "bad" }, "carry: forfeited")) },
  ], items, { empty: "None yet." });
}

function changes(items: readonly FeedItem[]): Child {
  return table("What befell the seat, newest first", [
    { name: "Epoch", heads: true, cell: (item) => epochLink(item.epoch, "–") },
    { name: "What", cell: (item) => h("span", { class: `told ${tone(item)}` }, item.text) },
  ], items, { empty: "Nothing yet." });
}
