// Whatever strings say, they are shown and never obeyed. The wire is made to carry what a hostile operator could have
// put on chain or into evidence.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Story } from "./support/story.mjs";
import { travel, VIEWS, views } from "./support/views.mjs";
import { launch, visit } from "./support/visit.mjs";

const MARKUP = `"><img src=x onerror="globalThis.__obeyed=1"><script>globalThis.__obeyed=1</script>`;
const LINK = "javascript:globalThis.__obeyed=1";
let story, browser, places;
before(async () => {
  [story, browser] = await Promise.all([Story.start(), launch()]);
  await story.play(5);
  places = await views(story);
});
after(() => Promise.all([browser.close(), story.end()]));

/** Every text of an answer becomes hostile, but those by which the page finds its way. */
function poisoned(value, key = "") {
  if (Array.isArray(value)) return value.map((item) => poisoned(item, key));
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, poisoned(it, name)]));
  if (typeof value !== "string") return value;
  if (/^0x[0-9a-f]+$/i.test(value) || /^\d+$/.test(value)) return value;
  return key === "path" || key === "href" ? LINK : MARKUP;
}

test("hostile texts are shown as they are", async (t) => {
  const { page, over } = await visit(browser, story, {
    before: (page) => page.route(/\/v1\/(?!live)/, async (route) => {
      const response = await route.fetch();
      const json = await response.json().catch(() => null);
      await route.fulfill(json === null ? { response } : { response, json: poisoned(json) });
    }),
  });
  await page.locator(".network-name", { hasText: MARKUP }).waitFor();
  for (const view of VIEWS) {
    await t.test(view, async () => {
      await travel(page, view, places);
      const found = await page.evaluate(() => ({
        obeyed: globalThis.__obeyed ?? null,
        elements: [...document.querySelectorAll("img, iframe, object, embed, script:not([src='/assets/app.js']), [onerror], [onclick]")].map((it) => it.outerHTML),
        links: [...document.querySelectorAll("[href], [src], [action]")].map((it) => it.getAttribute("href") ?? it.getAttribute("src") ?? it.getAttribute("action"))
          .filter((to) => !/^(#|\/(?!\/)|data:image\/svg)/.test(to)),
      }));
      assert.deepEqual(found, { obeyed: null, elements: [], links: [] });
    });
  }
  await over();
});

test("an address that is typed by hand is no markup either", async () => {
  const { page, over } = await visit(browser, story, { at: `#/device/${encodeURIComponent(MARKUP)}` });
  await page.getByRole("heading", { name: "No such page" }).waitFor();
  assert.equal(await page.evaluate(() => globalThis.__obeyed), undefined);
  await page.evaluate((fragment) => { location.hash = fragment; }, `/block/${MARKUP}/1`);
  await page.getByRole("main").getByText("onerror").waitFor();
  assert.equal(await page.evaluate(() => globalThis.__obeyed), undefined);
  await over();
});

test("nothing but the page's own files can run, and nobody may frame it", async () => {
  const response = await fetch(story.url);
  const policy = response.headers.get("content-security-policy") ?? "";
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
    assert.ok(policy.includes(rule), `${rule} is not in: ${policy}`);
  }
  assert.ok(!/unsafe-(inline|eval)/.test(policy), policy);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});
