// A view: what it shows, for as long as it is shown.

import type { Watch } from "../watch";
import { get, isAborted, told } from "../api/client";
import { fill, h, type Child } from "../dom";
import { failure, waiting } from "../parts/bits";

export interface Page { readonly title: string; readonly node: HTMLElement }

/** A place that shows an answer, and asks again when something has changed. What was shown stays until it differs. */
export function answered<T>(
  watch: Watch, signal: AbortSignal, what: string, ask: () => Promise<T>, show: (answer: T) => Child, attributes: { class?: string } = {},
): HTMLElement {
  const place = h("div", { class: attributes.class ?? "answer" }, waiting(what));
  let drawn = "";
  const refresh = async () => {
    try {
      const answer = await ask();
      const next = JSON.stringify(answer);
      if (next === drawn || signal.aborted) return;
      drawn = next;
      fill(place, show(answer));
    } catch (error) {
      if (!isAborted(error) && drawn === "") fill(place, failure(told(error), () => void refresh()));
    }
  };
  watch.on("changed", () => void refresh(), signal);
  void refresh();
  return place;
}

export const asking = <T>(path: string, signal: AbortSignal, query = {}) => () => get<T>(path, query, signal);
