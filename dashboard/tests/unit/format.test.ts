import assert from "node:assert/strict";
import { test } from "node:test";
import { amount, blockName, clock, counted, duration, exactAmount, grouped, percent, rate, relative, short, utc, words } from "../../src/format";

test("an amount is cut, never rounded up", () => {
  assert.equal(amount("1999999999999999999"), "1.999");
  assert.equal(amount("1000000000000000000"), "1");
  assert.equal(amount("1234567000000000000000000"), "1,234,567");
  assert.equal(amount("0"), "0");
});

test("an amount that is not nothing is not shown as nothing", () => {
  assert.equal(amount("1"), "< 0.001");
  assert.equal(amount("999999999999999"), "< 0.001");
  assert.equal(amount("1000000000000000"), "0.001");
});

test("decimals are the token's", () => {
  assert.equal(amount("1234567", 6), "1.234");
  assert.equal(amount("42", 0), "42");
  assert.equal(exactAmount("340282366920938463463374607431768211455"), "340282366920938463463.374607431768211455");
});

test("what is no amount is shown as it came", () => {
  assert.equal(amount("<b>12</b>"), "<b>12</b>");
  assert.equal(exactAmount("1e18"), null);
});

test("numbers are grouped by three", () => {
  assert.equal(grouped(999), "999");
  assert.equal(grouped("1234567"), "1,234,567");
});

test("basis points are per cent, and what is not known is a dash", () => {
  assert.equal(percent(9412), "94.1 %");
  assert.equal(percent(5_268_400), "52,684 %");
  assert.equal(percent(null), "–");
});

test("a hash is shortened to its ends, a short text is left", () => {
  assert.equal(short(`0x${"a".repeat(60)}beef`), "0xaaaa…beef");
  assert.equal(short("0x1234"), "0x1234");
});

test("lengths of time have their two greatest units", () => {
  assert.equal(duration(0), "0 s");
  assert.equal(duration(61), "1 min 1 s");
  assert.equal(duration(90_061), "1 d 1 h");
  assert.equal(duration(86_400), "1 d");
  assert.equal(duration(-5), "0 s");
});

test("clocks count in minutes, and in hours when there are any", () => {
  assert.equal(clock(65), "01:05");
  assert.equal(clock(3_661), "1:01:01");
});

test("times are UTC, and relative to the gateway's now", () => {
  assert.equal(utc(0), "1970-01-01 00:00:00 UTC");
  assert.equal(utc(Number.NaN), "–");
  assert.equal(utc(1e18), "–");
  assert.equal(relative(100, 103), "3 s ago");
  assert.equal(relative(103, 100), "in 3 s");
  assert.equal(relative(100, 100), "now");
});

test("one is one, and several are several", () => {
  assert.equal(counted(1, "device"), "1 device");
  assert.equal(counted(2_000, "device"), "2,000 devices");
  assert.equal(words("measurement_not_allowed"), "measurement not allowed");
});

test("a rate of thousands of per cent is told as so many times", () => {
  assert.equal(rate(0), "0 %");
  assert.equal(rate(480), "4.8 %");
  assert.equal(rate(5_517_400), "552×");
  assert.equal(rate(null), "–");
});

test("a block without weight is not called by a number of a million", () => {
  assert.equal(blockName(6), "block 6");
  assert.equal(blockName(1_048_575), "weightless block 0");
  assert.equal(blockName(1_048_573), "weightless block 2");
});
