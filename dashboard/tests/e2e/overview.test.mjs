// The overview: which network it is, that it is simulated, and what happens in it, as it happens.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Story } from "./support/story.mjs";
import { settled, travel, VIEWS, views } from "./support/views.mjs";
import { DESKTOP, launch, PHONE, stay, visit } from "./support/visit.mjs";

let story, browser;
before(async () => {
  [story, browser] = await Promise.all([Story.start(), launch()]);
  await story.play(3);
});
after(() => Promise.all([browser.close(), story.end()]));

const state = (page) => page.getByRole("region", { name: "State of what is shown" });

test("it says which network this is, and that it is simulated, first and on every view", async () => {
  const overview = await story.ask("/v1/overview");
  const places = await views(story);
  for (const viewport of [DESKTOP, PHONE]) {
    const { page, over } = await visit(browser, story, { viewport });
    for (const view of VIEWS) {
      await travel(page, view, places);
      await page.getByText(overview.name, { exact: true }).waitFor();
      const box = await state(page).getByText("Simulated", { exact: true }).boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height < viewport.height / 3, `${view}: it is not at the top`);
    }
    await over();
  }
});

test("tiles and list count the same devices, and money adds up", async () => {
  const { page, over } = await visit(browser, story);
  await settled(page);
  const { seats, money } = await story.ask("/v1/overview");
  for (const button of await page.getByRole("list", { name: "Devices by tier" }).getByRole("button").all()) {
    const [, count, tier] = /^(\d+)\s+(\w+)$/.exec((await button.innerText()).replace(/^[A-Z]\s+/, "").trim());
    assert.equal(Number(count), seats[tier.toLowerCase()], tier);
  }
  const parts = ["deposits", "bounties", "carry", "purses", "unallocated"];
  assert.equal(parts.reduce((sum, part) => sum + BigInt(money[part]), 0n), BigInt(money.balance));
  await page.getByText(`is the contract's balance at block ${money.block_number.toLocaleString("en")}`).waitFor();
  await over();
});

test("what happens is told as it happens, without loading the page again", async () => {
  const { page, over } = await visit(browser, story);
  const stayed = await stay(page);
  await settled(page);
  const suspended = async () => (await story.ask("/v1/devices?tier=suspended")).total;
  assert.equal(await suspended(), 0, "too late to see it happen");
  while (await suspended() === 0) await story.play();
  const events = page.getByRole("region", { name: "Events" });
  await events.getByText(/suspended/).first().waitFor();
  await page.getByRole("button", { name: "1 Suspended" }).waitFor();
  const { number } = (await story.ask("/v1/overview")).head;
  await page.getByText(number.toLocaleString("en"), { exact: true }).first().waitFor();
  await stayed();
  await over();
});

test("a network with ten thousand devices is still one page", async () => {
  const tens = { full: 9_400, warning: 300, restricted: 150, suspended: 60, probation: 80, blocked: 10 };
  const { page, over } = await visit(browser, story, {
    before: async (page) => {
      await altered(page, "**/v1/overview", (overview) => ({ ...overview, seats: tens }));
      await altered(page, /\/v1\/devices\?/, (devices) => ({ ...devices, total: 10_000 }));
    },
  });
  await settled(page);
  await page.getByRole("button", { name: "9,400 Full" }).waitFor();
  await page.getByRole("navigation", { name: "Pages of devices" }).getByText("of 10,000").waitFor();
  assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 4_000);
  await over();
});

async function altered(page, url, change) {
  await page.route(url, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
}
