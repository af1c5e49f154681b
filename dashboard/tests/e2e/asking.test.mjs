// Is this device trusted now, and why? As a relying party asks it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seatOf, Story, UNKNOWN } from "./support/story.mjs";
import { ask, launch, stay, verdict, visit } from "./support/visit.mjs";

let story, browser;
before(async () => {
  [story, browser] = await Promise.all([Story.start(), launch()]);
  await story.play(6);
});
after(async () => {
  await browser.close();
  assert.equal(await story.end(), 0, "Ctrl-C ends it cleanly");
});

test("a trusted device is told so, with the block and the same question for contract, curl and shell", async () => {
  const { page, over } = await visit(browser, story);
  const { device_id } = await story.device(seatOf.honest);
  await ask(page, device_id);
  await verdict(page, "Trusted").waitFor();
  const { block_number } = await story.ask("/health");
  await page.getByText(`block ${block_number.toLocaleString("en")}`).first().waitFor();
  const elsewhere = page.getByRole("group", { name: "The same question elsewhere" });
  for (const words of ["isTrusted", `curl '${new URL(`/v1/devices/${device_id}/trust`, story.url)}`, "multee trust check"]) {
    await elsewhere.getByText(words).waitFor();
  }
  await over();
});

test("an untrusted device is told so, with the reason", async () => {
  const { page, over } = await visit(browser, story);
  const { device_id } = await story.device(seatOf.wrongMeasurement);
  const { reasons } = await story.ask(`/v1/devices/${device_id}/trust`);
  assert.ok(reasons.length > 0);
  await ask(page, device_id);
  await verdict(page, "Not trusted").waitFor();
  const told = page.getByRole("list", { name: "Reasons" });
  for (const reason of reasons) await told.getByText(reason.text).waitFor();
  await over();
});

test("a device that no seat is bound to is unknown, and not untrusted", async () => {
  const { page, over } = await visit(browser, story);
  await ask(page, UNKNOWN);
  await verdict(page, "Unknown").waitFor();
  await over();
});

test("a device is found by its seat, its operator's address and the first digits of its id", async () => {
  const { page, over } = await visit(browser, story);
  const device = await story.device(seatOf.honest);
  for (const name of [String(device.seat), device.operator, device.device_id.slice(0, 12)]) {
    await ask(page, UNKNOWN);
    await verdict(page, "Unknown").waitFor();
    await ask(page, name);
    await verdict(page, "Trusted").waitFor();
  }
  await over();
});

test("what is no name of a device is not asked for", async () => {
  const { page, over } = await visit(browser, story);
  await ask(page, "<img src=x onerror=alert(1)>");
  await page.getByText("neither a device id").waitFor();
  assert.equal(await page.getByTestId("verdict").count(), 0);
  await over();
});

test("higher demands are put to the gateway", async () => {
  const { page, over } = await visit(browser, story);
  const { device_id } = await story.device(seatOf.honest);
  const { device } = await story.ask(`/v1/devices/${device_id}/trust`);
  await page.getByLabel("Maximum age, epochs").fill("0");
  await ask(page, device_id);
  await verdict(page, "Not trusted").waitFor();
  await page.getByRole("list", { name: "Reasons" }).getByText("epochs old, above 0").waitFor();
  assert.ok(device.score >= 9000);
  await over();
});

test("a device's suspension is seen without loading the page again", async (t) => {
  const other = await Story.start({ test: t });
  await other.play(3);
  const { device_id, tier } = await other.device(seatOf.wrongMeasurement);
  assert.notEqual(tier, "suspended", "too late to see it happen");
  const { page, over } = await visit(browser, other, { at: `#/device/${device_id}` });
  const stayed = await stay(page);
  const standing = page.getByRole("main");
  await verdict(page, "Not trusted").waitFor();
  assert.equal(await standing.getByText("Suspended", { exact: true }).count(), 0);
  while ((await other.device(seatOf.wrongMeasurement)).tier !== "suspended") await other.play();
  await standing.getByText("Suspended", { exact: true }).first().waitFor();
  await page.getByRole("list", { name: "Reasons" }).getByText("suspended").waitFor();
  await stayed();
  await over();
});

test("a trusted device that falls is trusted no more, without loading the page again", async (t) => {
  const other = await Story.start({ test: t });
  await other.play(4);
  const { page, over } = await visit(browser, other);
  const { device_id } = await other.device(seatOf.slanderer);
  const { verdict: first } = await other.ask(`/v1/devices/${device_id}/trust`);
  assert.equal(first, "trusted", "too late to see it happen");
  await ask(page, device_id);
  await verdict(page, "Trusted").waitFor();
  const stayed = await stay(page);
  while ((await other.ask(`/v1/devices/${device_id}/trust`)).verdict === "trusted") await other.play();
  await verdict(page, "Not trusted").waitFor();
  await stayed();
  await over();
});
