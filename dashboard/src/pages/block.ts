// One confirmation block, and what became of it.

import type { Watch } from "../watch";
import { get } from "../api/client";
import type { Block, Evidence, Listed, MarkedBlock, Received } from "../api/types";
import { h, type Child } from "../dom";
import { blockName, grouped, words } from "../format";
import { deviceLink, entry, hash, money, outcome, section } from "../parts/bits";
import { evidence } from "../parts/evidence";
import { table } from "../parts/table";
import { to } from "../routes";
import { answered, asking, type Page } from "./page";

const ZERO = /^0x0*$/;

export function block(watch: Watch, signal: AbortSignal, epoch: number, order: number): Page {
  const path = `/v1/blocks/${epoch}/${order}`;
  return {
    title: `${blockName(order).replace(/^./, (first) => first.toUpperCase())} of epoch ${epoch}`,
    node: h("article", { class: "block-page" },
      h("h1", { class: "page-title" }, `${blockName(order).replace(/^./, (first) => first.toUpperCase())} of `, h("a", { href: to.epoch(epoch) }, `epoch ${grouped(epoch)}`)),
      h("div", { class: "columns" },
        h("div", { class: "column" },
          section("block", "What it says", { class: "panel" }, answered(watch, signal, "the block", asking<Block>(path, signal), told)),
          section("given", "Whom it verified", { class: "panel" }, answered(watch, signal, "the marks it gave", () => givenBy(epoch, order, signal), given))),
        h("div", { class: "column" },
          section("evidence", "Its evidence", { class: "panel" },
            answered(watch, signal, "the evidence", asking<Evidence>(`${path}/evidence`, signal), (answer) => evidence(answer, watch.now()))),
          section("received", "Who verified it", { class: "panel" }, answered(watch, signal, "the marks on it", asking<Received>(`${path}/marks`, signal), received))))),
  };
}

function told(one: Block): Child {
  return h("dl", { class: "entries" },
    entry("Device", deviceLink(one.device_id, one.seat, 8)),
    entry("Became", outcome(became(one))),
    one.suspicions.length > 0 && entry("Logged", one.suspicions.map(words).join(", "), one.log_position !== null && `; newest log position ${grouped(one.log_position)}`),
    entry("Reward", one.reward === null ? "none yet" : money(one.reward)),
    entry("Weight", grouped(one.weight)),
    entry("Power", grouped(one.power), one.off && h("strong", { class: "bad" }, " off its verified power")),
    entry("Published", `in the chain's block ${grouped(one.told_block)}`),
    entry("Digest", hash(one.digest, "digest", { ends: 8 })),
    entry("Previous digest", ZERO.test(one.previous_digest) ? "none" : hash(one.previous_digest, "previous digest", { ends: 8 })),
    entry("Incarnation", hash(one.incarnation, "incarnation's address")),
    entry("Measurement", hash(one.measurement, "measurement", { ends: 8 })),
    entry("Properties", hash(one.properties_digest, "properties digest", { ends: 8 })),
    entry("Marks", hash(one.marks, "marks", { ends: 8 })),
    entry("Signature", hash(one.r, "r", { ends: 4 }), " ", hash(one.vs, "vs", { ends: 4 })),
    entry("Evidence", hash(one.evidence_hash, "evidence hash", { ends: 8 })),
    entry("Certificates", ZERO.test(one.certificates_hash) ? "none" : hash(one.certificates_hash, "certificates hash", { ends: 8 })));
}

async function givenBy(epoch: number, order: number, signal: AbortSignal): Promise<MarkedBlock | undefined> {
  const { items } = await get<Listed<MarkedBlock>>(`/v1/epochs/${epoch}/marks`, { limit: 1, offset: order }, signal);
  return items.find((one) => one.order === order);
}

function given(block: MarkedBlock | undefined): Child {
  return table("Marks it gave", [
    { name: "Block", heads: true, cell: (one) => h("a", { href: to.block(one.epoch, one.order) }, `${blockName(one.order)} of epoch ${grouped(one.epoch)}`) },
    { name: "Seat", number: true, cell: (one) => grouped(one.seat) },
    { name: "Mark", cell: (one) => verdictOf(one.mark) },
    { name: "Because", cell: (one) => (one.log_position === null ? "it was among the latest" : `it is suspicious: log position ${grouped(one.log_position)}`) },
  ], block?.marks ?? [], { empty: "It gave none." });
}

function received(answer: Received): Child {
  return table("Marks on it", [
    { name: "Verifier", heads: true, cell: (one) => deviceLink(one.device_id, one.seat) },
    { name: "In", cell: (one) => h("a", { href: to.block(one.epoch, one.order) }, `epoch ${grouped(one.epoch)}`) },
    { name: "Mark", cell: (one) => verdictOf(one.mark) },
    { name: "Weight", number: true, cell: (one) => grouped(one.weight) },
  ], answer.marks, { empty: "Nobody has marked it yet." });
}

function verdictOf(name: string): HTMLElement {
  return h("span", { class: name === "valid" ? "" : "bad" }, words(name));
}

/** What came of it, as lists have it. */
export function became(one: Pick<Block, "decided" | "passed" | "final">): string {
  return one.decided ?? (one.final ? "final" : one.passed ? "passed" : "open");
}
