import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnAddress } from "../../src/dom";
import { named, ofPath, parse, to } from "../../src/routes";

const ID = `0x${"ab".repeat(32)}`;

test("every view's address leads to that view", () => {
  assert.deepEqual(parse(""), { page: "overview" });
  assert.deepEqual(parse(to.overview), { page: "overview" });
  assert.deepEqual(parse(to.attack), { page: "attack" });
  assert.deepEqual(parse(to.device(ID)), { page: "device", id: ID });
  assert.deepEqual(parse(to.epoch(12)), { page: "epoch", epoch: 12 });
  assert.deepEqual(parse(to.block(12, 3)), { page: "block", epoch: 12, order: 3 });
});

test("an address that is none leads to no view", () => {
  for (const asked of ["#/device/0x12", "#/device/<img src=x>", "#/epoch/-1", "#/epoch/1e3", "#/epoch/01", "#/block/1", "#/block/1/2/3", "#/nowhere", "#/attack/x"]) {
    assert.equal(parse(asked).page, "missing", asked);
  }
});

test("an API path leads to the view of what it names", () => {
  assert.equal(ofPath(`/v1/devices/${ID}`), to.device(ID));
  assert.equal(ofPath("/v1/epochs/7"), to.epoch(7));
  assert.equal(ofPath("/v1/blocks/7/1"), to.block(7, 1));
  assert.equal(ofPath(`/v1/content/${ID}`), null);
  assert.equal(ofPath("/v1/devices?q=0xabcd"), to.find("0xabcd"));
  assert.deepEqual(parse(to.find("0xabcd")), { page: "overview", find: "0xabcd" });
  assert.equal(ofPath("javascript:alert(1)"), null);
});

test("a device is named by id, address, seat or first digits", () => {
  assert.deepEqual(named(` ${ID.toUpperCase()} `), { kind: "device", id: ID });
  assert.deepEqual(named("ab".repeat(32)), { kind: "device", id: ID });
  assert.deepEqual(named(`0x${"cd".repeat(20)}`), { kind: "address", address: `0x${"cd".repeat(20)}` });
  assert.deepEqual(named("seat 12"), { kind: "seat", seat: 12 });
  assert.deepEqual(named("12"), { kind: "seat", seat: 12 });
  assert.deepEqual(named("0xabcd"), { kind: "prefix", prefix: "0xabcd" });
  assert.equal(named("").kind, "nothing");
  for (const text of ["0xab", "0xzz", `${ID}0`, "<script>"]) assert.equal(named(text).kind, "malformed", text);
});

test("links stay on this site and carry no script", () => {
  for (const own of ["#/device/1", "/v1/devices.csv?tier=full", "/"]) assert.ok(isOwnAddress(own), own);
  for (const foreign of ["javascript:alert(1)", "//evil.example", "/\\evil.example", "https://evil.example", "data:text/html,x", " /x"]) {
    assert.ok(!isOwnAddress(foreign), foreign);
  }
});
