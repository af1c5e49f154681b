// The attack view: what those who lie weigh, and how it becomes less.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Story } from "./support/story.mjs";
import { settled } from "./support/views.mjs";
import { launch, stay, visit } from "./support/visit.mjs";

let story, browser;
before(async () => {
  [story, browser] = await Promise.all([Story.start(), launch()]);
  await story.play(2);
});
after(() => Promise.all([browser.close(), story.end()]));

/** The slanderers' part of all weight in an epoch, in per cent. */
async function share(epoch) {
  const { epochs } = await story.ask("/v1/weights");
  const { weight, by_label } = epochs.find((it) => it.epoch === epoch);
  return ((100 * (by_label.slanderers?.weight ?? 0)) / weight).toFixed(1);
}

test("the slanderers' weight is seen to fall, and is told in numbers", async () => {
  const { page, over } = await visit(browser, story, { at: "#/attack" });
  const stayed = await stay(page);
  await settled(page);
  const slanderers = page.getByRole("main").getByRole("definition");
  const first = await share(0);
  await slanderers.getByText(`${first} %`, { exact: true }).first().waitFor();
  await story.play(6);
  // The epoch under way is left out.
  const last = await share(6);
  assert.ok(Number(last) < (2 / 3) * Number(first), `${first} % at first, and then ${last} %`);
  await slanderers.getByText(`${last} %`, { exact: true }).first().waitFor();
  await stayed();
  await over();
});
