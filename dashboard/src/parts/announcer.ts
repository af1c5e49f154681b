// What is read out to those who do not see the page change: politely, and not more often than can be listened to.

import { h } from "../dom";

const PAUSE_MS = 8_000;

let region: HTMLElement | null = null;
let last = 0;
let waiting: number | undefined;
let next = "";

export function announcer(): HTMLElement {
  region ??= h("div", { class: "offstage", role: "status", "aria-live": "polite", "aria-atomic": "true", id: "announcer" });
  return region;
}

/** Says it when the last is long enough ago; what comes meanwhile replaces it. What answers a user comes `soon`. */
export function announce(text: string, soon = false): void {
  next = text;
  if (soon) {
    window.clearTimeout(waiting);
    waiting = undefined;
    return say();
  }
  waiting ??= window.setTimeout(say, Math.max(300, last + PAUSE_MS - Date.now()));
}

function say(): void {
  waiting = undefined;
  last = Date.now();
  announcer().textContent = next;
}
