// Pictures of the page, for people to look at; one of them is in the README.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { seatOf, Story } from "./support/story.mjs";
import { settled, travel, views } from "./support/views.mjs";
import { ask, DESKTOP, launch, PHONE, verdict, visit } from "./support/visit.mjs";

const FOLDER = process.env.SCREENSHOTS ?? fileURLToPath(new URL("../../../target/screenshots/", import.meta.url));
const README = { width: 1200, height: 860 };
let story, browser, places;
before(async () => {
  mkdirSync(FOLDER, { recursive: true });
  [story, browser] = await Promise.all([Story.start(), launch()]);
  // Far enough that somebody is suspended, and that marks against it are still given.
  await story.play(6);
  places = await views(story);
});
after(() => Promise.all([browser.close(), story.end()]));

for (const [device, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  for (const scheme of ["light", "dark"]) {
    test(`overview and device, ${device}, ${scheme}`, async () => {
      const { page, over } = await visit(browser, story, { viewport, scheme });
      for (const view of ["overview", "device"]) {
        await travel(page, view, places);
        await page.screenshot({ path: join(FOLDER, `${view}-${device}-${scheme}.png`), fullPage: true });
      }
      await over();
    });
  }
}

test("the README's", async () => {
  const { page, over } = await visit(browser, story, { viewport: README });
  await ask(page, (await story.device(seatOf.wrongMeasurement)).device_id);
  await verdict(page, "Not trusted").waitFor();
  await settled(page);
  await page.screenshot({ path: join(FOLDER, "readme.png") });
  await over();
});
