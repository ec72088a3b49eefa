// Short messages about what was done. Errors stay until they are closed.
import { signal } from "@preact/signals";
import { words } from "./api/request";

export interface Toast {
  id: number;
  kind: "done" | "error";
  text: string;
}

const most = 4;
const shownFor = 6000;
let last = 0;

export const toasts = signal<Toast[]>([]);

export function say(text: string, kind: Toast["kind"] = "done"): void {
  const id = ++last;
  toasts.value = [...toasts.value, { id, kind, text }].slice(-most);
  if (kind === "done") setTimeout(() => close(id), shownFor);
}

export function complain(what: string, error: unknown): void {
  say(`${what}: ${words(error)}`, "error");
}

export function close(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}
