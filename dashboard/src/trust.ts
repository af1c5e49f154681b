// What may be shown of a trust answer. An answer is of a moment: `trusted` is shown only while the moment lasts.

export type Word = "trusted" | "not_trusted" | "unknown" | "stale";

/** How long an answer may be shown as `trusted`, in seconds: several times the pause between two questions. */
export const ANSWER_AGE_S_MAX = 20;

export interface Standing {
  /** Whether the gateway answers. */
  readonly online: boolean;
  /** How the gateway says that its head is: `ok` or otherwise; null before it said so. */
  readonly head: string | null;
  /** How old the answer is, in seconds. */
  readonly age_s: number;
}

/** The word that is shown for a verdict, and why if it is not the verdict itself. */
export function shown(verdict: Word, standing: Standing): { readonly word: Word; readonly why: string | null } {
  const against = obstacle(standing);
  // That a device was not trusted is no news to be kept back, but what was true may have changed all the same.
  return against === null || verdict === "stale" ? { word: verdict, why: null } : { word: "stale", why: against };
}

function obstacle({ online, head, age_s }: Standing): string | null {
  if (!online) return "the gateway does not answer this page";
  if (head !== null && head !== "ok") return `the gateway's head is ${head.replaceAll("_", " ")}`;
  if (!(age_s <= ANSWER_AGE_S_MAX)) return `this answer is more than ${ANSWER_AGE_S_MAX} s old`;
  return null;
}
