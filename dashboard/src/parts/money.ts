// Where the contract's tokens are: parts that sum to its balance.

import type { Watch } from "../watch";
import type { Money, Overview } from "../api/types";
import { fill, h, style } from "../dom";
import { grouped } from "../format";
import { money, nothing, section } from "./bits";
import { table } from "./table";

const PARTS = [
  ["deposits", "Deposits", "of seats, unbonding ones too"],
  ["purses", "Purses", "pots, what is left of them, and rewards owed to seats"],
  ["bounties", "Bounties", "owed to who reported or removed"],
  ["carry", "Carry", "slashed, forfeited or not shared out: for pots to come"],
  ["unallocated", "Unallocated", "of whoever paid it in, for pots to come"],
] as const;

/** The parts' sum, and whether it is the balance with what that lacks. */
export function sum(answer: Money): { readonly sum: string; readonly fits: boolean } {
  const whole = PARTS.reduce((total, [key]) => total + BigInt(answer[key]), 0n);
  return { sum: whole.toString(), fits: whole === BigInt(answer.balance) + BigInt(answer.shortfall ?? 0) };
}

/** A part's share of the whole, in tenths of per mille: enough for a bar. */
export function share(part: string, whole: string): number {
  const [numerator, denominator] = [BigInt(part), BigInt(whole)];
  return denominator === 0n ? 0 : Number((numerator * 10_000n) / denominator);
}

export function moneyBar(watch: Watch, signal: AbortSignal): HTMLElement {
  const body = h("div", { class: "money-body" });
  let drawn = "";
  const show = ({ money: answer }: Overview) => {
    const next = JSON.stringify(answer);
    if (next === drawn) return;
    drawn = next;
    fill(body, answer === null ? nothing("The gateway has not read the contract's balance yet.") : parts(answer));
  };
  watch.on("overview", show, signal);
  if (watch.overview) show(watch.overview);
  return section("money", "The contract's balance", { class: "panel money" }, body);
}

function parts(answer: Money): HTMLElement[] {
  const { sum: whole, fits } = sum(answer);
  const bar = h("div", { class: "money-bar", "aria-hidden": "true" }, PARTS.filter(([key]) => answer[key] !== "0").map(([key]) => {
    const part = h("span", { class: `part money-${key}` });
    style(part, { "flex-grow": String(share(answer[key], answer.balance)) });
    return part;
  }));
  const rows = PARTS.map(([key, name, meaning]) => ({ key, name, meaning, units: answer[key] }));
  const list = table("Parts of the contract's balance", [
    { name: "Part", heads: true, cell: (row) => [h("span", { class: `swatch money-${row.key}`, "aria-hidden": "true" }), row.name] },
    { name: "What it is", cell: (row) => row.meaning },
    { name: "Tokens", number: true, cell: (row) => money(row.units) },
    { name: "Share", number: true, cell: (row) => `${(share(row.units, answer.balance) / 100).toFixed(2)} %` },
  ], rows);
  const foot = h("tfoot", { role: "rowgroup" }, h("tr", { role: "row" },
    h("th", { role: "rowheader", scope: "row" }, "Sum"),
    h("td", { role: "cell" }, fits && answer.shortfall === null ? `is the contract's balance at block ${grouped(answer.block_number)}` : fits ? h("strong", { class: "wrong" }, "is more than the contract holds: it lacks ", money(answer.shortfall ?? "0")) : h("strong", { class: "wrong" }, "is NOT the contract's balance: ", money(answer.balance))),
    h("td", { role: "cell", class: "number" }, money(whole)), h("td", { role: "cell", class: "number" }, fits ? "100.00 %" : "–")));
  list.querySelector("table")?.append(foot);
  return [bar, list];
}
