// Whoever cannot see, cannot use a mouse, or has a small screen, in light and dark.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { seatOf, Story } from "./support/story.mjs";
import { settled, travel, VIEWS, views } from "./support/views.mjs";
import { ask, launch, PHONE, verdict, visit } from "./support/visit.mjs";

let story, browser, places;
before(async () => {
  [story, browser] = await Promise.all([Story.start(), launch()]);
  await story.play(7);
  places = await views(story);
});
after(() => Promise.all([browser.close(), story.end()]));

/** Grave faults as axe tells them, each with its place. */
async function faults(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary.split("\n").at(-1).trim()}`));
}

for (const scheme of ["light", "dark"]) {
  test(`no view has a grave accessibility fault, ${scheme}`, async (t) => {
    const { page, over } = await visit(browser, story, { scheme });
    for (const view of VIEWS) {
      await t.test(view, async () => {
        await travel(page, view, places);
        assert.deepEqual(await faults(page), []);
      });
    }
    await over();
  });
  test(`no answer has one either, ${scheme}`, async () => {
    const { page, over } = await visit(browser, story, { scheme });
    for (const [seat, word] of [[seatOf.honest, "Trusted"], [seatOf.wrongMeasurement, "Not trusted"]]) {
      await ask(page, (await story.device(seat)).device_id);
      await verdict(page, word).waitFor();
      await settled(page);
      assert.deepEqual(await faults(page), []);
    }
    await over();
  });
}

test("every view fits a phone: nothing scrolls sideways but tables and code in regions of their own", async (t) => {
  const { page, over } = await visit(browser, story, { viewport: PHONE });
  for (const view of VIEWS) {
    await t.test(view, async () => {
      await travel(page, view, places);
      const { inner, scrolled, wide } = await page.evaluate(() => ({
        inner: innerWidth,
        scrolled: document.scrollingElement.scrollWidth,
        wide: [...document.querySelectorAll("main *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1
          && !element.closest(".scroller, .offstage, svg, code")).map((element) => element.outerHTML.slice(0, 120)),
      }));
      assert.deepEqual({ scrolled, wide }, { scrolled: inner, wide: [] });
    });
  }
  await over();
});

test("everything can be done by keyboard, and it is seen where one is", async () => {
  const { page, over } = await visit(browser, story);
  await settled(page);
  const { device_id } = await story.device(seatOf.honest);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  await tabTo(page, "#ask-device");
  await page.keyboard.type(device_id);
  await page.keyboard.press("Enter");
  await verdict(page, "Trusted").waitFor();
  await tabTo(page, "#devices-tier");
  await page.keyboard.type("Restricted");
  const { total } = await story.ask("/v1/devices?tier=restricted");
  await page.waitForFunction((rows) => document.querySelectorAll("#devices tbody th").length === rows, total);
  await tabTo(page, "#devices tbody th a");
  await page.keyboard.press("Enter");
  await page.locator('main[data-page="device"]').waitFor();
  await page.waitForFunction(() => document.activeElement.id === "main");
  await over();
});

test("the focus comes by everything once, is trapped nowhere, and is always seen", async () => {
  const { page, over } = await visit(browser, story);
  await settled(page);
  const all = await page.evaluate(() => {
    const focusable = "a[href], button, input, select, textarea, [tabindex]";
    const seen = [...document.querySelectorAll(focusable)].filter((it) => it.tabIndex >= 0 && !it.disabled && it.getClientRects().length > 0);
    seen.forEach((it, at) => it.setAttribute("data-walked", at));
    return seen.length;
  });
  const walked = new Set();
  const unseen = [];
  for (let step = 0; step <= all; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const { activeElement: it } = document;
      if (it === document.body) return null;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(it);
      const isSeen = (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      return { place: it.dataset.walked, isSeen, what: it.outerHTML.slice(0, 100) };
    });
    if (at === null) break;
    if (!at.isSeen) unseen.push(at.what);
    walked.add(at.place);
  }
  assert.deepEqual(unseen, []);
  assert.equal(walked.size, all);
  await over();
});

/** Presses Tab until the first of these has the focus. */
async function tabTo(page, selector) {
  for (let step = 0; step < 200; step += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement === document.querySelector(wanted), selector)) return;
  }
  assert.fail(`Tab does not lead to ${selector}`);
}
