// Light, dark, or as the system has it. What is chosen is kept.

import { h } from "../dom";

const CHOICES = ["auto", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];
const KEY = "multee-theme";

function kept(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return CHOICES.find((choice) => choice === value) ?? "auto";
  } catch {
    return "auto";
  }
}

function apply(choice: Choice): void {
  if (choice === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
  document.dispatchEvent(new Event("themed"));
}

export function themeSwitch(): HTMLElement {
  apply(kept());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new Event("themed")));
  const select = h("select", { id: "theme", "aria-label": "Colours" }, CHOICES.map((choice) => h("option", { value: choice, selected: choice === kept() }, choice)));
  select.addEventListener("change", () => {
    const choice = CHOICES.find((one) => one === select.value) ?? "auto";
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Without storage it holds until the page is left.
    }
    apply(choice);
  });
  return select;
}
