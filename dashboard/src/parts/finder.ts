// Finds anything by its id, address, digest or number.

import { get, isAborted, told } from "../api/client";
import type { Hit, Hits } from "../api/types";
import { fill, h } from "../dom";
import { counted } from "../format";
import { ofPath } from "../routes";
import { announce } from "./announcer";

const TYPING_MS = 250;

export function finder(): HTMLElement {
  const input = h("input", { id: "find", type: "search", autocomplete: "off", spellcheck: "false", maxlength: 80, placeholder: "Find: id, address, digest, seat, epoch", "aria-label": "Find anything", "aria-expanded": "false", "aria-controls": "find-hits", role: "combobox", "aria-autocomplete": "list" });
  const hits = h("ul", { id: "find-hits", class: "hits", role: "listbox", "aria-label": "Found", hidden: true });
  let at = -1;
  let timer: number | undefined;
  let asking = new AbortController();

  const close = () => {
    hits.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    at = -1;
  };
  const show = (children: HTMLElement[]) => {
    fill(hits, children);
    hits.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const search = async () => {
    asking.abort();
    asking = new AbortController();
    const text = input.value.trim();
    if (text === "") return close();
    try {
      const { items } = await get<Hits>("/v1/search", { q: text }, asking.signal);
      at = -1;
      show(items.length === 0 ? [note("Nothing found.")] : items.map(option));
      announce(items.length === 0 ? "Nothing found" : `${counted(items.length, "hit")}`, true);
    } catch (error) {
      if (!isAborted(error)) show([note(told(error))]);
    }
  };
  const move = (by: number) => {
    const all = [...hits.querySelectorAll<HTMLElement>("[role=option]")];
    if (all.length === 0) return;
    at = (at + by + all.length) % all.length;
    all.forEach((one, index) => one.setAttribute("aria-selected", String(index === at)));
    input.setAttribute("aria-activedescendant", all[at]?.id ?? "");
    all[at]?.scrollIntoView({ block: "nearest" });
  };
  const follow = (): boolean => {
    const link = hits.querySelectorAll<HTMLElement>("[role=option]")[Math.max(at, 0)]?.dataset["href"];
    if (link === undefined) return false;
    go(link);
    input.value = "";
    close();
    return true;
  };
  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void search(), TYPING_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") close();
  });
  hits.addEventListener("mousedown", (event) => event.preventDefault());
  hits.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLElement>("[role=option]")?.dataset["href"];
    if (link === undefined) return;
    go(link);
    input.value = "";
    close();
  });
  input.addEventListener("blur", () => window.setTimeout(close, 150));
  const submit = async (event: Event) => {
    event.preventDefault();
    window.clearTimeout(timer);
    if (hits.hidden || at < 0) await search();
    follow();
  };
  return h("form", { class: "finder", role: "search", "aria-label": "Find", on: { submit: (event) => void submit(event) } }, input, hits);
}

function go(link: string): void {
  if (link.startsWith("#")) location.hash = link;
  else location.assign(link);
}

let ids = 0;

/** A hit leads to its view; raw content is downloaded. */
function option(hit: Hit): HTMLElement {
  const link = ofPath(hit.path) ?? (/^\/v1\/content\/0x[0-9a-f]{64}$/.test(hit.path) ? hit.path : null);
  ids += 1;
  return h("li", { id: `find-hit-${ids}`, role: "option", "aria-selected": "false", "data-href": link }, hit.title);
}

function note(text: string): HTMLElement {
  return h("li", { class: "note", role: "presentation" }, text);
}
