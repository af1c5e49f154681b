// When the gateway is gone, the page says so, and never `trusted`; and it comes back by itself.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seatOf, Story } from "./support/story.mjs";
import { ask, launch, stay, verdict, visit } from "./support/visit.mjs";

const LOST = /console: Failed to load resource: net::ERR_|console: WebSocket|net::ERR_/;
let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

async function trusting(test) {
  const story = await Story.start({ test });
  await story.play(5);
  const { device_id } = await story.device(seatOf.honest);
  const visited = await visit(browser, story);
  await ask(visited.page, device_id);
  await verdict(visited.page, "Trusted").waitFor();
  return { story, device_id, ...visited };
}

const offline = (page) => page.getByRole("region", { name: "State of what is shown" }).getByText("Offline", { exact: true });

/** From now on it is noted in the page itself, at every change, whether it is ever both offline and trusting. */
async function keepWatch(page) {
  await page.evaluate(() => {
    globalThis.__both = false;
    const look = () => {
      const isOffline = document.querySelector(".alert.offline") !== null;
      const isTrusting = document.querySelector("[data-testid=verdict]")?.textContent === "Trusted";
      globalThis.__both ||= isOffline && isTrusting;
    };
    new MutationObserver(() => queueMicrotask(look)).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  return async () => assert.equal(await page.evaluate(() => globalThis.__both), false, "offline, and still trusting");
}

test("a page whose machine goes offline trusts nobody, and trusts again when it is back", async (t) => {
  const { page, context, over } = await trusting(t);
  const stayed = await stay(page);
  const never = await keepWatch(page);
  await context.setOffline(true);
  await offline(page).waitFor();
  await verdict(page, "Stale").waitFor();
  await never();
  await context.setOffline(false);
  await verdict(page, "Trusted").waitFor();
  await offline(page).waitFor({ state: "detached" });
  await never();
  await stayed();
  await over(LOST);
});

test("a page whose gateway is killed trusts nobody, and goes on with the one that takes its place", async (t) => {
  const { story, device_id, page, over } = await trusting(t);
  const stayed = await stay(page);
  const never = await keepWatch(page);
  await story.end("SIGKILL");
  await offline(page).waitFor();
  await verdict(page, "Stale").waitFor();
  assert.equal(await verdict(page, "Trusted").count(), 0);
  const next = await Story.start({ test: t, listen: `127.0.0.1:${story.port}` });
  await next.play(5);
  assert.equal((await next.ask(`/v1/devices/${device_id}/trust`)).verdict, "trusted");
  await verdict(page, "Trusted").waitFor();
  await never();
  await stayed();
  await over(LOST);
});

test("a gateway whose head is stale is not believed, whatever it answered before", async (t) => {
  const { page, over } = await trusting(t);
  await page.route("**/v1/overview", async (route) => {
    const response = await route.fetch();
    const overview = await response.json();
    await route.fulfill({ response, json: { ...overview, head: { ...overview.head, state: "stale" } } });
  });
  await verdict(page, "Stale").waitFor();
  await page.getByRole("region", { name: "State of what is shown" }).getByText("Stale", { exact: true }).waitFor();
  await over();
});
