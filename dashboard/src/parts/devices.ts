// All devices, a page at a time: the gateway filters, sorts and counts.

import type { Watch } from "../watch";
import { address, get, isAborted, told, type Query } from "../api/client";
import type { Seat, Listed } from "../api/types";
import { fill, h, type Child } from "../dom";
import { grouped, percent, rate, words } from "../format";
import { FACES, isTier, TIERS } from "../tiers";
import { isNarrow } from "../screen";
import { announce } from "./announcer";
import { deviceLink, failure, money, outcome, section, tier, waiting } from "./bits";
import { sparkline } from "./sparkline";
import { pager, table, type Column } from "./table";


const SORTS = [["seat", "seat"], ["score", "highest score"], ["lowest_score", "lowest score"], ["oldest", "longest without a good block"]] as const;

export class Devices {
  readonly node: HTMLElement;
  #tier = "";
  #text = "";
  #sort = "seat";
  #offset = 0;
  /** Rows of a page; cards take more room. */
  readonly #limit = isNarrow() ? 10 : 25;
  #drawn = "";
  #round = 0;
  readonly #list = h("div", { class: "device-list" });
  readonly #csv = h("a", { class: "quiet button", href: "/v1/devices.csv", download: "devices.csv" }, "Download as CSV");
  readonly #search = h("input", { id: "devices-text", type: "search", autocomplete: "off", spellcheck: "false", maxlength: 80, placeholder: "id or address, 0x…" });
  readonly #tiers: HTMLSelectElement;
  readonly #sorts: HTMLSelectElement;

  constructor(watch: Watch, private readonly signal: AbortSignal) {
    this.#tiers = h("select", { id: "devices-tier", on: { change: () => this.#by({ tier: this.#tiers.value }) } },
      h("option", { value: "" }, "all"), TIERS.map((name) => h("option", { value: name }, FACES[name].word)));
    this.#sorts = h("select", { id: "devices-sort", on: { change: () => this.#by({ sort: this.#sorts.value }) } },
      SORTS.map(([value, name]) => h("option", { value }, name)));
    this.node = section("devices", "Devices", { class: "panel devices", aside: this.#controls() }, this.#list);
    fill(this.#list, waiting("devices"));
    watch.on("changed", () => void this.refresh(), signal);
    watch.on("reorg", () => { this.#drawn = ""; }, signal);
  }

  /** Shows those of one tier. */
  pick(name: string): void {
    this.#tiers.value = isTier(name) ? name : "";
    this.#by({ tier: this.#tiers.value });
    this.#come(this.#tiers);
  }

  /** Shows all of them in another order. */
  sort(by: string): void {
    this.#tiers.value = "";
    this.#sorts.value = by;
    this.#by({ tier: "", sort: by });
    this.#come(this.#sorts);
  }

  /** Shows those whose id or accounts begin so. */
  find(digits: string): void {
    this.#search.value = digits;
    this.#by({ text: digits });
    window.setTimeout(() => this.#come(this.#search));
  }

  #come(control: HTMLElement): void {
    this.node.scrollIntoView({ block: "start" });
    control.focus({ preventScroll: true });
  }

  async refresh(): Promise<void> {
    const mine = ++this.#round;
    this.#csv.setAttribute("href", address("/v1/devices.csv", this.#query()));
    try {
      const answer = await get<Listed<Seat>>("/v1/devices", { ...this.#query(), limit: this.#limit, offset: this.#offset }, this.signal);
      if (mine === this.#round) this.#show(answer);
    } catch (error) {
      if (isAborted(error) || mine !== this.#round) return;
      // Rows that were had stay; the banner says that they are old.
      if (this.#drawn === "") fill(this.#list, failure(told(error), () => void this.refresh()));
      else this.#fault(told(error));
    }
  }

  #fault(text: string): void {
    this.#list.querySelector(".failure")?.remove();
    this.#list.prepend(failure(text, () => void this.refresh()));
    this.#drawn = " ";
  }

  #query(): Query {
    return { tier: this.#tier, q: this.#text.toLowerCase() === "0x" ? "" : this.#text, sort: this.#sort };
  }

  #by(asked: { tier?: string; text?: string; sort?: string }): void {
    this.#tier = asked.tier ?? this.#tier;
    this.#text = asked.text ?? this.#text;
    this.#sort = asked.sort ?? this.#sort;
    this.#offset = 0;
    this.#drawn = "";
    void this.refresh();
  }

  #show(answer: Listed<Seat>): void {
    const drawn = JSON.stringify(answer);
    if (drawn === this.#drawn) return;
    if (this.#drawn === "") announce(`${grouped(answer.total)} devices`, false);
    this.#drawn = drawn;
    const go = (offset: number) => {
      this.#offset = offset;
      this.#drawn = "";
      void this.refresh();
    };
    fill(this.#list,
      table("Devices", COLUMNS, answer.items, { cards: true, empty: "No device is like that." }),
      pager("devices", this.#offset, this.#limit, answer.total, go));
  }

  #controls(): HTMLElement {
    const text = this.#search;
    let typing: number | undefined;
    text.addEventListener("input", () => {
      window.clearTimeout(typing);
      typing = window.setTimeout(() => this.#by({ text: text.value.trim() }), 300);
    });
    return h("div", { class: "controls", role: "search", "aria-label": "Devices shown" },
      h("div", { class: "field" }, h("label", { for: "devices-text" }, "Filter"), text),
      h("div", { class: "field" }, h("label", { for: "devices-tier" }, "Tier"), this.#tiers),
      h("div", { class: "field" }, h("label", { for: "devices-sort" }, "Sort by"), this.#sorts),
      this.#csv);
  }
}

const COLUMNS: readonly Column<Seat>[] = [
  { name: "Device", heads: true, cell: (row) => deviceLink(row.device_id, row.seat) },
  { name: "TEE", cell: (row) => row.tee?.toUpperCase() ?? "–" },
  { name: "Platform", title: "what the last verdicts say of its platform", cell: (row) => platform(row.platform) },
  { name: "Score", number: true, cell: (row) => h("span", { class: "scored" }, sparkline(row.scores), h("span", { class: "numbers" }, grouped(row.score))) },
  { name: "Tier", cell: (row) => [tier(row.tier), row.flagged && h("span", { class: "flag" }, "flagged"), row.exiting && h("span", { class: "flag" }, "leaving")] },
  { name: "Last verdict", cell: lastVerdict },
  { name: "Deposit", number: true, cell: (row) => money(row.deposit, 18, 2) },
  { name: "Staking rate", title: "rewards of the last epochs over the deposit, for a year", number: true, cell: (row) => h("span", { title: percent(row.staking_rate_bps) }, rate(row.staking_rate_bps)) },
  { name: "Missed duties", title: "opened epochs of the last retention window without a block", number: true, cell: (row) => (row.missed_epochs === null ? "–" : count(row.missed_epochs)) },
  { name: "Missed rewards", title: "estimate: what missed blocks would have brought", number: true, cell: (row) => missedRewards(row.missed_rewards_estimate) },
];

function platform(status: string | null): HTMLElement {
  if (status === null) return h("span", { class: "quiet-text" }, "–");
  return h("span", { class: status === "valid" ? "" : "bad" }, status === "valid" ? "valid" : words(status));
}

function missedRewards(estimate: string | null): Child {
  return estimate === null ? "–" : [estimate !== "0" && "≈ ", money(estimate, 18, 2)];
}

function count(missed: number): HTMLElement {
  return h("span", { class: missed > 0 ? "missed" : "quiet-text" }, grouped(missed));
}

function lastVerdict(row: Seat): HTMLElement {
  const last = row.last_verdict;
  if (last === null) return h("span", { class: "quiet-text" }, "none yet");
  return h("span", { class: "last-verdict" },
    outcome(last.verdict), h("span", { class: "quiet-text" }, ` epoch ${last.epoch}`));
}
