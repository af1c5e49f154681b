// A real browser, and pages in it that may do nothing they should not: no errors, no forbidden sources, no other hosts.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
/** How long anything that is waited for may take, on a machine that has much to do. */
export const PATIENCE_MS = 30_000;

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

export function launch() {
  return chromium.launch({ executablePath: PROGRAM, headless: true, args: FLAGS });
}

/** A visit to a gateway's page; `over` has to be called in the end, and fails on whatever the page did wrong. */
export async function visit(browser, story, { at = "", viewport = DESKTOP, scheme = "light", before = async () => {} } = {}) {
  const context = await browser.newContext({
    viewport, colorScheme: scheme, reducedMotion: "reduce", acceptDownloads: true, locale: "en-GB", timezoneId: "UTC",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults = [];
  const own = new URL(story.url).origin;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== own && protocol !== "data:") faults.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`forbidden: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await before(page, context);
  await page.goto(new URL(at, story.url).href);
  // As soon as the page knows which network it shows.
  await page.locator(".network-name", { hasNotText: "…" }).waitFor();
  return {
    page,
    context,
    /** Ends the visit. What is `allowed` to have gone wrong was asked for. */
    over: async (allowed = /^$/) => {
      await context.close();
      assert.deepEqual(faults.filter((fault) => !allowed.test(fault)), []);
    },
  };
}

/** Marks the document, so that it is seen if another one takes its place. */
export async function stay(page) {
  await page.evaluate(() => { globalThis.__same = true; });
  return async () => assert.equal(await page.evaluate(() => globalThis.__same), true, "the page was loaded anew");
}

/** The answer's word. */
export function verdict(page, word) {
  return page.getByTestId("verdict").filter({ hasText: new RegExp(`^${word}$`) });
}

export async function ask(page, whom) {
  await page.getByRole("textbox", { name: "Device" }).fill(whom);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
}
