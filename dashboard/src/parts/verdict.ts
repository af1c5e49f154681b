// A trust answer: one word, why, at which block, and how to ask the same elsewhere.

import type { Watch } from "../watch";
import { get, told } from "../api/client";
import type { Trust } from "../api/types";
import { fill, h, svg } from "../dom";
import { counted, grouped, relative } from "../format";
import { to } from "../routes";
import { shown, type Word } from "../trust";
import { announce } from "./announcer";
import { entry, failure, hash, line, money, tier, waiting } from "./bits";

const WORDS: { readonly [word in Word]: string } = {
  trusted: "Trusted", not_trusted: "Not trusted", unknown: "Unknown", stale: "Stale",
};
const MEANING: { readonly [word in Word]: string } = {
  trusted: "The contract says yes, and what it was asked at is recent.",
  not_trusted: "The contract says no.",
  unknown: "No seat is bound to this device.",
  stale: "What is known is not recent enough to say.",
};

export interface Bounds { readonly min_score: number; readonly max_age: number }

/** A question that is asked again as long as its answer is shown. */
export class Verdict {
  readonly node = h("div", { class: "verdict-slot" });
  #asked: { id: string; bounds: Bounds } | null = null;
  #answer: Trust | null = null;
  #answeredMs = 0;
  #said = "";
  #drawn = "";

  constructor(private readonly watch: Watch, private readonly signal: AbortSignal, private readonly links: boolean) {
    watch.on("changed", () => void this.#ask(), signal);
    watch.on("line", () => this.#show(), signal);
    watch.on("overview", () => this.#show(), signal);
    watch.on("tick", () => this.#tick(), signal);
  }

  async ask(id: string, bounds: Bounds): Promise<void> {
    this.#asked = { id, bounds };
    this.#answer = null;
    this.#said = this.#drawn = "";
    fill(this.node, waiting("the answer"));
    await this.#ask();
  }

  clear(): void {
    this.#asked = this.#answer = null;
    fill(this.node);
  }

  async #ask(): Promise<void> {
    const asked = this.#asked;
    if (asked === null) return;
    try {
      const answer = await get<Trust>(`/v1/devices/${asked.id}/trust`, { ...asked.bounds }, this.signal);
      if (asked !== this.#asked) return;
      this.#answer = answer;
      this.#answeredMs = Date.now();
      this.#show();
    } catch (error) {
      if (this.signal.aborted || asked !== this.#asked) return;
      // An answer that was had stays, and grows stale.
      if (this.#answer === null) fill(this.node, failure(told(error), () => void this.#ask()));
      else this.#show();
    }
  }

  #tick(): void {
    if (this.#asked && Date.now() - this.#answeredMs > 8_000 && this.watch.online) void this.#ask();
    this.#show();
  }

  #show(): void {
    const answer = this.#answer;
    if (answer === null) return;
    const standing = { online: this.watch.online, head: this.watch.overview?.head.state ?? null, age_s: (Date.now() - this.#answeredMs) / 1000 };
    const { word, why } = shown(answer.verdict, standing);
    const reasons = [...(why === null ? [] : [why]), ...answer.reasons.map((reason) => reason.text)];
    const drawn = JSON.stringify([word, reasons, answer.device, answer.min_score, answer.max_age_epochs]);
    if (drawn === this.#drawn) return this.#age();
    this.#drawn = drawn;
    const said = `${WORDS[word]}. ${reasons.join(". ")}`;
    if (said !== this.#said) announce(said, this.#said === "");
    this.#said = said;
    fill(this.node, this.#card(answer, word, reasons));
    this.#age();
  }

  #age(): void {
    const [block, age] = [this.node.querySelector(".read-block"), this.node.querySelector(".read-age")];
    const at = this.#answer?.read_at;
    if (!block || !age || !at) return;
    block.textContent = `block ${grouped(at.block_number)}`;
    age.textContent = relative(at.timestamp_s, Math.max(at.timestamp_s, this.watch.now()));
  }

  #card(answer: Trust, word: Word, reasons: readonly string[]): HTMLElement {
    return h("div", { class: `verdict is-${word}`, role: "group", "aria-label": "Answer" },
      h("p", { class: "verdict-word" }, seal(word), h("strong", { "data-testid": "verdict" }, WORDS[word])),
      h("ul", { class: "reasons", "aria-label": "Reasons" }, (reasons.length > 0 ? reasons : [MEANING[word]]).map((reason) => h("li", null, reason))),
      this.#facts(answer),
      h("div", { class: "lines", role: "group", "aria-label": "The same question elsewhere" },
        line("Solidity", answer.ask.solidity),
        line("curl", `curl '${location.origin}${answer.ask.path}'`),
        line("CLI", answer.ask.cli)));
  }

  #facts(answer: Trust): HTMLElement {
    const { device, read_at } = answer;
    return h("dl", { class: "entries tight" },
      entry("Device", hash(answer.device_id, "device id", { ends: 6, href: this.links && device ? to.device(answer.device_id) : null })),
      device && [
        entry("Seat", device.seat),
        entry("Tier", tier(device.tier)),
        entry("Score", grouped(device.score), asked(`at least ${grouped(answer.min_score)}`)),
        entry("Last good block", device.last_good_epoch === null ? "none" : `epoch ${device.last_good_epoch}`, asked(`at most ${counted(answer.max_age_epochs, "epoch")} old`)),
        entry("Deposit", money(device.deposit)),
      ],
      read_at && entry("Read at", h("span", { class: "read-block numbers" }), ", ", h("span", { class: "read-age numbers" })));
  }
}

function asked(bound: string): HTMLElement {
  return h("span", { class: "quiet-text" }, ` · asked for: ${bound}`);
}

/** A figure for each word, told apart by shape. */
function seal(word: Word): SVGSVGElement {
  const inner: { readonly [word in Word]: string } = {
    trusted: "M12 25l8 8 16-17", not_trusted: "M15 15l18 18M33 15L15 33", unknown: "M17 18a7 7 0 1 1 10 6.5c-2 1-3 2.4-3 4.5m0 5v1", stale: "M24 13v12l7 5",
  };
  const outer: { readonly [word in Word]: string } = {
    trusted: "M24 2a22 22 0 1 1 0 44a22 22 0 1 1 0-44z", not_trusted: "M15 2h18l13 13v18L33 46H15L2 33V15z",
    unknown: "M24 2L46 24L24 46L2 24z", stale: "M24 2a22 22 0 1 1 0 44a22 22 0 1 1 0-44z",
  };
  return svg("svg", { class: "seal", viewBox: "0 0 48 48", width: 44, height: 44, "aria-hidden": "true" },
    svg("path", { class: "rim", d: outer[word] }), svg("path", { class: "sign", d: inner[word] }));
}
