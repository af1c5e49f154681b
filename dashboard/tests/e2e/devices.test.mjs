// The list of devices, as an operator of many looks through it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Story } from "./support/story.mjs";
import { launch, visit } from "./support/visit.mjs";

/** More than a page of the list shows. */
const MANY = 40;
let story, browser;
before(async () => {
  [story, browser] = await Promise.all([Story.start({ devices: MANY }), launch()]);
  await story.play(5);
});
after(() => Promise.all([browser.close(), story.end()]));

const table = (page) => page.getByRole("table", { name: "Devices", exact: true });

/** The device ids that the list shows, from top to bottom. */
async function shown(page) {
  const links = table(page).getByRole("rowheader").getByRole("link");
  return links.evaluateAll((all) => all.map((link) => link.getAttribute("href").replace("#/device/", "")));
}

async function listed(query) {
  const { items, total } = await story.ask(`/v1/devices?${query}`);
  return { ids: items.map((device) => device.device_id), total };
}

/** Waits until the list shows these, and nothing else. */
async function shows(page, ids) {
  const wanted = ids.map((id) => `#/device/${id}`);
  const same = (hrefs) => {
    const rows = document.querySelectorAll("#devices tbody th a");
    return rows.length === hrefs.length && [...rows].every((row, at) => row.getAttribute("href") === hrefs[at]);
  };
  await page.waitForFunction(same, wanted).catch(async (error) => {
    assert.deepEqual(await shown(page), ids);
    throw error;
  });
}

test("the list is filtered by tier", async () => {
  const { page, over } = await visit(browser, story);
  const { ids, total } = await listed("tier=suspended&limit=25");
  assert.ok(total > 0 && total < MANY / 2, `${total} are suspended`);
  await page.getByRole("search", { name: "Devices shown" }).getByLabel("Tier").selectOption("suspended");
  await shows(page, ids);
  await over();
});

test("the list is filtered by what an id begins with", async () => {
  const { page, over } = await visit(browser, story);
  const { ids } = await listed("limit=25");
  await shows(page, ids);
  await page.getByRole("search", { name: "Devices shown" }).getByLabel("Filter").fill(ids[3].slice(0, 14));
  await shows(page, [ids[3]]);
  await over();
});

test("a tier's tile shows the devices of that tier", async () => {
  const { page, over } = await visit(browser, story);
  const { ids, total } = await listed("tier=suspended&limit=25");
  await page.getByRole("list", { name: "Devices by tier" }).getByRole("button", { name: `${total} Suspended` }).click();
  await shows(page, ids);
  await over();
});

test("the list is sorted by the gateway, and turned page by page", async () => {
  const { page, over } = await visit(browser, story);
  const pages = page.getByRole("navigation", { name: "Pages of devices" });
  await page.getByLabel("Sort by").selectOption("lowest_score");
  const first = await listed("sort=lowest_score&limit=25");
  await shows(page, first.ids);
  assert.equal(await pages.getByRole("button", { name: "Previous" }).isDisabled(), true);
  await pages.getByRole("button", { name: "Next" }).click();
  const second = await listed("sort=lowest_score&limit=25&offset=25");
  await shows(page, second.ids);
  assert.equal(first.ids.length + second.ids.length, first.total);
  assert.equal(await pages.getByRole("button", { name: "Next" }).isDisabled(), true);
  await pages.getByRole("button", { name: "Previous" }).click();
  await shows(page, first.ids);
  await over();
});

test("the list is downloaded whole, beyond the page that is shown", async () => {
  const { page, over } = await visit(browser, story);
  const { items } = await story.ask("/v1/devices?limit=200");
  const rows = await download(page);
  assert.deepEqual(column(rows, "device_id"), items.map((device) => device.device_id));
  assert.deepEqual(column(rows, "score"), items.map((device) => String(device.score)));
  assert.deepEqual(rows.flat().filter((cell) => /^["=+@\t-]/.test(cell)), [], "a spreadsheet would compute this");
  await over();
});

test("what is downloaded is filtered and sorted as what is shown", async () => {
  const { page, over } = await visit(browser, story);
  const { ids } = await listed("tier=full&sort=oldest&limit=200");
  await page.getByRole("search", { name: "Devices shown" }).getByLabel("Tier").selectOption("full");
  await page.getByLabel("Sort by").selectOption("oldest");
  await shows(page, ids.slice(0, 25));
  assert.deepEqual(column(await download(page), "device_id"), ids);
  await over();
});

async function download(page) {
  const begun = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download as CSV" }).click();
  const file = await (await begun).path();
  const lines = (await readFile(file, "utf8")).trimEnd().split(/\r?\n/);
  return lines.map((line) => line.split(","));
}

function column([head, ...rows], name) {
  const at = head.indexOf(name);
  assert.notEqual(at, -1, `no column ${name} in ${head}`);
  return rows.map((row) => row[at]);
}
