// What of the list is shown. It outlives the page, so that one comes back to the same rows.
import { signal } from "@preact/signals";
import type { Group } from "./sort";

export const filter = signal("");
export const group = signal<Group>("all");

export function showAll(): void {
  filter.value = "";
  group.value = "all";
}
