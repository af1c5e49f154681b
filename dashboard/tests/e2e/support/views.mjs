// The page's views, of a story that has something to show in each.

import assert from "node:assert/strict";
import { seatOf } from "./story.mjs";

/** Where each view is. */
export async function views(story) {
  const { device_id } = await story.device(seatOf.wrongMeasurement);
  return {
    overview: "#/",
    device: `#/device/${device_id}`,
    epoch: "#/epoch/2",
    block: "#/block/2/1",
    attack: "#/attack",
  };
}

export const VIEWS = ["overview", "device", "epoch", "block", "attack"];

/** Goes from one view to another, as links do, and waits until it is there. */
export async function travel(page, view, places) {
  await page.evaluate((to) => { location.hash = to; }, places[view]);
  await page.locator(`main[data-page="${view}"]`).waitFor();
  await settled(page);
}

/** Waits until everything that was asked for is there, and nothing was refused. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("main h1, main h2") && !document.querySelector(".waiting"));
  assert.deepEqual(await page.locator(".failure").allInnerTexts(), []);
}
