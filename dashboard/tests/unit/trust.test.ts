import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER_AGE_S_MAX, shown, type Word } from "../../src/trust";

const fresh = { online: true, head: "ok", age_s: 0 };

test("a fresh answer is shown as it is", () => {
  for (const word of ["trusted", "not_trusted", "unknown", "stale"] as const) assert.equal(shown(word, fresh).word, word);
});

test("nothing is shown as trusted while the gateway does not answer, its head is not good, or the answer is old", () => {
  for (const head of ["ok", "stale", "out_of_touch", "catching_up", null]) {
    for (const online of [true, false]) {
      for (const age_s of [0, ANSWER_AGE_S_MAX, ANSWER_AGE_S_MAX + 0.001, 1e9, Number.NaN]) {
        const { word, why } = shown("trusted", { online, head, age_s });
        const good = online && (head === "ok" || head === null) && age_s <= ANSWER_AGE_S_MAX;
        assert.equal(word, good ? "trusted" : "stale");
        assert.equal(why === null, good);
      }
    }
  }
});

test("what was not trusted may have changed, too, and is stale", () => {
  for (const word of ["not_trusted", "unknown"] satisfies Word[]) {
    assert.equal(shown(word, { ...fresh, online: false }).word, "stale");
  }
});
