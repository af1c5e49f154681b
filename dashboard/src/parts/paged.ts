// A list that is shown a page at a time, and asked for again when something has changed.

import type { Watch } from "../watch";
import { isAborted, told } from "../api/client";
import type { Listed } from "../api/types";
import { fill, h, type Child } from "../dom";
import { failure, waiting } from "./bits";
import { pager } from "./table";

export function paged<T>(
  watch: Watch, signal: AbortSignal, what: string, limit: number,
  ask: (page: { limit: number; offset: number }) => Promise<Listed<T>>, show: (items: readonly T[]) => Child,
): HTMLElement {
  const place = h("div", { class: "answer" }, waiting(what));
  let offset = 0;
  let drawn = "";
  const refresh = async () => {
    const asked = offset;
    try {
      const answer = await ask({ limit, offset });
      const next = JSON.stringify(answer);
      if (asked !== offset || next === drawn) return;
      drawn = next;
      fill(place, show(answer.items), answer.total > limit && pager(what, offset, limit, answer.total, go));
    } catch (error) {
      if (!isAborted(error) && (drawn === "" || asked !== 0)) fill(place, failure(told(error), () => void refresh()));
    }
  };
  const go = (to: number) => {
    offset = to;
    drawn = "";
    void refresh();
  };
  watch.on("changed", () => void refresh(), signal);
  void refresh();
  return place;
}
