// Tables that scroll in a region of their own, or become cards where the screen is narrow.

import { freshId, h, type Child } from "../dom";

export interface Column<T> {
  readonly name: string;
  readonly title?: string;
  readonly number?: boolean;
  readonly cell: (row: T) => Child;
  /** Takes a whole line of a card. */
  readonly wide?: boolean;
  /** Heads a row: the cell by which it is known. */
  readonly heads?: boolean;
}

export function table<T>(caption: string, columns: readonly Column<T>[], rows: readonly T[], { cards = false, empty = "Nothing." } = {}): HTMLElement {
  const body = rows.length === 0
    ? [h("tr", { role: "row" }, h("td", { role: "cell", class: "empty", colspan: columns.length }, empty))]
    : rows.map((row) => h("tr", { role: "row" }, columns.map((column) => cell(column, row))));
  // The roles are named because cards take them away.
  const element = h("table", { class: cards ? "cards" : "", role: "table" },
    h("caption", { class: "offstage" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map(head))),
    h("tbody", { role: "rowgroup" }, body));
  return h("div", { class: "scroller", role: "region", tabindex: 0, "aria-label": `Table: ${caption}` }, element);
}

function head<T>(column: Column<T>): HTMLElement {
  return h("th", { role: "columnheader", scope: "col", class: column.number ? "number" : "", title: column.title ?? null }, column.name);
}

function cell<T>(column: Column<T>, row: T): HTMLElement {
  const content = column.cell(row);
  const kind = [column.number ? "number" : "", content === "–" ? "none" : "", column.wide ? "wide" : ""].join(" ").trim();
  const attributes = { class: kind, "data-name": column.name };
  return column.heads
    ? h("th", { ...attributes, role: "rowheader", scope: "row" }, content)
    : h("td", { ...attributes, role: "cell" }, content);
}

/** The page's number, to go to another at once. */
function pages(what: string, offset: number, limit: number, total: number, go: (offset: number) => void): Child {
  const count = Math.ceil(total / limit);
  if (count < 3) return null;
  const id = freshId("page");
  const input = h("input", { id, type: "number", inputmode: "numeric", min: 1, max: count, step: 1, value: Math.floor(offset / limit) + 1, "data-key": `${what}-page` });
  input.addEventListener("change", () => {
    const page = Math.min(count, Math.max(1, Math.round(Number(input.value)) || 1));
    go((page - 1) * limit);
  });
  return h("span", { class: "page-field" }, h("label", { for: id }, "Page"), input, h("span", { class: "numbers" }, `of ${count.toLocaleString("en")}`));
}

/** Earlier and later parts of a list. */
export function pager(what: string, offset: number, limit: number, total: number, go: (offset: number) => void): HTMLElement {
  const last = Math.min(offset + limit, total);
  const button = (name: string, key: string, target: number, possible: boolean) =>
    h("button", { type: "button", class: "quiet", "data-key": key, disabled: !possible, on: { click: () => go(target) } }, name);
  return h("nav", { class: "pager", "aria-label": `Pages of ${what}` },
    button("Previous", `${what}-previous`, Math.max(0, offset - limit), offset > 0),
    pages(what, offset, limit, total, go),
    h("span", { class: "numbers" }, total === 0 ? "none" : `${(offset + 1).toLocaleString("en")}–${last.toLocaleString("en")} of ${total.toLocaleString("en")}`),
    button("Next", `${what}-next`, offset + limit, last < total));
}
