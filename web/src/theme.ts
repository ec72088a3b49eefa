// Light or dark: as the system says, until the switch says otherwise.
import { signal } from "@preact/signals";

export type Theme = "light" | "dark";
const key = "faas.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function shown(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

/** What is shown now. Charts are drawn anew when it changes. */
export const theme = signal<Theme>(shown());
system.addEventListener("change", () => (theme.value = shown()));

export function switchTheme(): void {
  const next: Theme = theme.peek() === "dark" ? "light" : "dark";
  const root = document.documentElement;
  // What the system says needs no memory, and follows it from then on.
  if ((next === "dark") === system.matches) delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    if (root.dataset.theme) localStorage.setItem(key, next);
    else localStorage.removeItem(key);
  } catch {
    // It counts for this page then.
  }
  theme.value = next;
}

/** A colour of the style sheet, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
