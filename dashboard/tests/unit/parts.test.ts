import assert from "node:assert/strict";
import { test } from "node:test";
import type { FeedItem, GraphNode, Money, Step, Weights } from "../../src/api/types";
import { over } from "../../src/pages/attack";
import { formula } from "../../src/pages/device";
import { warnings } from "../../src/parts/banner";
import { merged } from "../../src/parts/feed";
import { share, sum } from "../../src/parts/money";
import { places } from "../../src/parts/sparkline";
import { camps, stacked } from "../../src/parts/weights";
import { accused, arrange } from "../../src/parts/rings";

const money = (balance: string): Money => ({ block_number: 1, balance, deposits: "12000000000000000000000", bounties: "1", carry: "2", purses: "3", unallocated: "4", shortfall: null });

test("the parts of the balance are added exactly", () => {
  assert.deepEqual(sum(money("12000000000000000000010")), { sum: "12000000000000000000010", fits: true });
  assert.equal(sum(money("12000000000000000000011")).fits, false);
  assert.equal(sum(money("12000000000000000000009")).fits, false);
  assert.equal(sum({ ...money("12000000000000000000009"), shortfall: "1" }).fits, true);
});

test("a share of nothing is none", () => {
  assert.equal(share("5", "0"), 0);
  assert.equal(share("1", "3"), 3333);
});

const item = (block: number, log_index: number): FeedItem => ({ id: `${block}-${log_index}`, cursor: "", block, log_index, kind: "block_decided", seat: 1, device_id: null, epoch: 1, order: null, text: `${block}-${log_index}`, detail: {} });

test("what is told twice is shown once, newest first, and not without end", () => {
  const all = merged([item(2, 0), item(1, 0)], [item(3, 1), item(2, 0), item(3, 0)], 3);
  assert.deepEqual(all.map((one) => one.text), ["3-1", "3-0", "2-0"]);
});

test("scores that fall go down on the line, and those beyond the scale stay on it", () => {
  const [[, high] = [0, 0], [, low] = [0, 0], [, beyond] = [0, 0]] = places([10_000, 0, 20_000]);
  assert.ok(high < low);
  assert.equal(beyond, high);
  assert.deepEqual(places([]), []);
});

const node = (id: string): GraphNode => ({ id, seat: 1, device_id: null, tier: "full", score: 1, seats: 1 });

test("no two nodes of a wheel touch, however many there are", () => {
  for (const count of [2, 12, 61, 151, 300]) {
    const nodes = Array.from({ length: count }, (_, at) => node(String(at)));
    const all = [...arrange(nodes, new Set(["0", "1"])).values()];
    assert.equal(all.length, count);
    const nearest = Math.min(...all.flatMap((one, at) => all.slice(at + 1).map((other) => Math.hypot(one.x - other.x, one.y - other.y))));
    assert.ok(nearest > 33, `${count}: ${nearest}`);
  }
});

const weights: Weights = {
  labels: { "0x1": "b", "0x2": "b" },
  epochs: [{ epoch: 0, blocks: 2, weight: 10, by_label: { b: { blocks: 1, weight: 4 } } }, { epoch: 1, blocks: 2, weight: 7, by_label: { b: { blocks: 1, weight: 1 } } }],
};

test("camps stand on each other, and the highest stack is the scale", () => {
  const list = camps(weights);
  assert.deepEqual(list.map((camp) => camp.name), ["everybody else", "b"]);
  assert.deepEqual(stacked(weights, list), { most: 10, edges: [[0, 0.6, 1], [0, 0.6, 0.7]] });
});

test("the epoch under way is left out of the weights, unless there is no other", () => {
  const epochs = (epoch: number | null) => over(weights, epoch).epochs.map((one) => one.epoch);
  assert.deepEqual(epochs(1), [0]);
  assert.deepEqual(epochs(2), [0, 1]);
  assert.deepEqual(epochs(0), [0, 1]);
  assert.deepEqual(epochs(null), [0, 1]);
});

test("without labels there is one camp", () => {
  assert.deepEqual(camps({ labels: {}, epochs: [{ epoch: 0, blocks: 1, weight: 3, by_label: {} }] }).map((camp) => camp.name), ["all devices"]);
});

const step: Step = {
  told_block: 1, epoch: 1, cause: "malicious", rule: "falls", positive: 1, negative: 2, marks: 3, validity: 3000, judgement: 10_000, target: 3000, gain_bps: 3000,
  full_streak: 5, score_before: 10_000, streak_before: 5, score: 7900, streak: 0,
};

test("the line of arithmetic gives the score that it says", () => {
  assert.equal(formula(step), "10000 − ⌊3000 · (10000 − 3000) / 10000⌋ = 7900");
  assert.equal(formula({ ...step, rule: "rises", score_before: 7900, target: 10_000, streak: 1, score: 8026 }), "7900 + ⌊3000 · 1 · (10000 − 7900) / (10000 · 5)⌋ = 8026");
  assert.equal(formula({ ...step, rule: "none", target: null }), "");
});

test("what must not be overlooked is told in words, the gravest first", () => {
  const overview = { head: { state: "stale" }, paused: true, simulated: "SIMULATED: nothing is real" } as never;
  const kinds = (online: boolean) => warnings({ overview, online, answeredMs: 0, trouble: online ? null : "gone" }, 60_000);
  assert.deepEqual(kinds(true).map((one) => one.word), ["Stale", "Paused", "Simulated"]);
  assert.deepEqual(kinds(false).map((one) => one.word), ["Offline", "Paused", "Simulated"]);
  assert.match(kinds(false)[0]?.text ?? "", /^since 1970-01-01 00:00:00 UTC, for 1 min: gone/);
  assert.equal(kinds(true)[2]?.text, "nothing is real");
});

test("who is slandered by a few is not put among the accused", () => {
  const edge = (source: string, target: string, positive: number, negative: number) => ({ source, target, positive, negative, negative_marks: [] });
  const edges = [edge("1", "2", 0, 1), edge("3", "2", 1, 0), edge("1", "4", 0, 1), edge("3", "4", 0, 1), edge("2", "4", 1, 0)];
  assert.deepEqual([...accused({ aggregated: false, edges })], ["4"]);
  assert.equal(accused({ aggregated: true, edges }).size, 0);
});
