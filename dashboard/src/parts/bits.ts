// Small pieces that many views are made of.

import { h, svg, type Child } from "../dom";
import { amount, exactAmount, grouped, short, utc, words } from "../format";
import { to } from "../routes";
import { FACES, isTier, mark } from "../tiers";
import { announce } from "./announcer";

/** Copies a text, and says so. */
export function copyButton(text: string, what: string): HTMLButtonElement {
  const button = h("button", { type: "button", class: "copy", "data-key": `copy ${what}`, "aria-label": `Copy ${what}`, title: `Copy ${what}` }, copyIcon());
  button.addEventListener("click", () => void copy(text, what, button));
  return button;
}

async function copy(text: string, what: string, button: HTMLElement): Promise<void> {
  const done = await written(text);
  announce(done ? `Copied ${what}` : `Could not copy ${what}`, true);
  button.classList.add(done ? "did" : "failed");
  window.setTimeout(() => button.classList.remove("did", "failed"), 1_200);
}

/** Pages over plain HTTP have no clipboard but by way of a selection. */
async function written(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "offstage", "aria-hidden": "true", tabindex: -1 });
    area.value = text;
    const focused = document.activeElement as HTMLElement | null;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus({ preventScroll: true });
    return done;
  }
}

function copyIcon(): SVGSVGElement {
  return svg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" },
    svg("path", { class: "sheets", d: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z" }),
    svg("path", { class: "tick", d: "M3 8.5l3.2 3.2L13 5" }));
}

/** A hash by its ends; whole for pointers, copies and readers of screens. */
export function hash(value: string, what: string, { ends = 4, copies = true, href = null as string | null } = {}): HTMLElement {
  const text = h("span", { class: "hash", title: value }, short(value, ends));
  const shown = href === null ? text : h("a", { class: "hash", href, title: value, "aria-label": `${what} ${short(value, ends)}` }, short(value, ends));
  return h("span", { class: "hashed" }, shown, copies && copyButton(value, what));
}

/** A device by its seat and the ends of its id. */
export function deviceLink(id: string, seat: number | null, ends = 4): HTMLElement {
  return h("a", { class: "device-link", "data-key": `device ${id}`, href: to.device(id), title: id },
    seat !== null && h("span", { class: "seat" }, h("span", { class: "offstage" }, "seat "), seat), " ", h("span", { class: "hash" }, short(id, ends)));
}

/** A tier by mark and word. */
export function tier(name: string): HTMLElement {
  const face = isTier(name) ? FACES[name] : null;
  return h("span", { class: `tier tier-${face ? name : "other"}`, title: face?.meaning ?? "" }, mark(name), h("span", null, face?.word ?? words(name)));
}

const OUTCOMES: { readonly [name: string]: string } = { final: "honest for good" };

/** What came of a block. */
export function outcome(name: string): HTMLElement {
  return h("span", { class: `outcome ${name.replace(/[^a-z_]/g, "")}` }, OUTCOMES[name] ?? words(name));
}

/** A time in UTC, machine-readable too. */
export function time(seconds: number): HTMLElement {
  const text = utc(seconds);
  return text === "–" ? h("span", null, "–") : h("time", { datetime: new Date(seconds * 1000).toISOString() }, text);
}

export function money(units: string, decimals = 18, digits = 3): HTMLElement {
  return h("span", { class: "amount", title: exactAmount(units, decimals) ?? units }, amount(units, decimals, digits));
}

export const count = (value: number): string => grouped(value);

/** A pair of a description list. */
export function entry(name: string, ...value: Child[]): HTMLElement {
  return h("div", { class: "entry" }, h("dt", null, name), h("dd", null, ...value));
}

/** A line that can be copied: a call, a command. */
export function line(name: string, text: string): HTMLElement {
  return h("div", { class: "line" },
    h("span", { class: "line-name" }, name),
    h("code", { tabindex: 0, role: "region", "aria-label": `${name} call` }, text),
    copyButton(text, `${name} call`));
}

/** What went wrong, as it is. */
export function failure(text: string, again?: () => void): HTMLElement {
  return h("p", { class: "failure", role: "alert" }, h("strong", null, "Not answered. "), text,
    again && [" ", h("button", { type: "button", class: "quiet", on: { click: again } }, "Ask again")]);
}

export function waiting(what: string): HTMLElement {
  return h("p", { class: "waiting" }, `Asking for ${what} …`);
}

export function nothing(text: string): HTMLElement {
  return h("p", { class: "nothing" }, text);
}

/** A part of a view with its heading. */
export function section(id: string, title: string, attributes: { class?: string; level?: 2 | 3; aside?: Child } , ...children: Child[]): HTMLElement {
  const heading = h(attributes.level === 3 ? "h3" : "h2", { id: `${id}-title` }, title);
  return h("section", { id, class: attributes.class ?? "", "aria-labelledby": `${id}-title` },
    h("header", { class: "section-head" }, heading, attributes.aside), ...children);
}
