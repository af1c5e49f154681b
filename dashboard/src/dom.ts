// Elements from data. Text is only ever set as text, and no attribute can carry script: what a device or a chain
// says cannot become markup.

export type Child = Node | string | number | null | undefined | false | readonly Child[];

type Value = string | number | boolean | null | undefined;

export interface Attributes {
  readonly [name: string]: Value | Listeners | Styles;
  readonly on?: Listeners;
  readonly css?: Styles;
}

export type Listeners = { readonly [event: string]: (event: Event) => void };
export type Styles = { readonly [property: string]: string };

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K, attributes?: Attributes | null, ...children: Child[]
): HTMLElementTagNameMap[K] {
  return furnish(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K, attributes?: Attributes | null, ...children: Child[]
): SVGElementTagNameMap[K] {
  return furnish(document.createElementNS(SVG, tag), attributes, children);
}

function furnish<E extends HTMLElement | SVGElement>(element: E, attributes: Attributes | null | undefined, children: Child[]): E {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name === "on") listen(element, value as Listeners);
    else if (name === "css") style(element, value as Styles);
    else attribute(element, name, value as Value);
  }
  append(element, children);
  return element;
}

function listen(element: Element, listeners: Listeners): void {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

/** By the object model: the content security policy forbids style attributes. */
export function style(element: HTMLElement | SVGElement, styles: Styles): void {
  for (const [property, value] of Object.entries(styles)) element.style.setProperty(property, value);
}

function attribute(element: Element, name: string, value: Value): void {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on") || name === "style" || name === "srcdoc") throw new Error(`no attribute ${name}`);
  const text = value === true ? "" : String(value);
  if (name === "href" && !isOwnAddress(text)) return;
  element.setAttribute(name, text);
}

/** Whether a link stays on this site: a path or a fragment, and no scheme. */
export function isOwnAddress(href: string): boolean {
  return href.startsWith("#") || /^\/(?![/\\])/.test(href);
}

function append(element: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else if (child instanceof Node) element.appendChild(child);
    else element.appendChild(document.createTextNode(String(child)));
  }
}

/** Puts other children into an element; what had the focus has it again, found by its `data-key`. */
export function fill(element: Element, ...children: Child[]): void {
  const focused = element.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  const key = focused?.dataset["key"];
  const at = focused && key !== undefined ? keyed(element, key).indexOf(focused) : -1;
  element.replaceChildren();
  append(element, children);
  if (key === undefined) return;
  const again = keyed(element, key);
  (again[at] ?? again.at(-1))?.focus({ preventScroll: true });
}

function keyed(element: Element, key: string): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>("[data-key]")].filter((one) => one.dataset["key"] === key);
}

let ids = 0;
/** An id that no other element has. */
export function freshId(stem: string): string {
  ids += 1;
  return `${stem}-${ids}`;
}
