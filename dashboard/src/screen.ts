// What is known of the screen.

/** Whether it is a phone's: tables are cards there, and drawings have fewer pixels for their words. */
export function isNarrow(): boolean {
  return matchMedia("(max-width: 720px)").matches;
}
