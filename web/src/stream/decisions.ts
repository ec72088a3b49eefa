// Lists of decisions: oldest first, bounded, each decision once.
import type { ScaleEvent } from "../api/types";

/** Puts one into the list: in the place of the one with its id, or in the order of ids. */
export function merge(list: ScaleEvent[], event: ScaleEvent, bound: number): ScaleEvent[] {
  const at = list.findIndex((e) => e.id === event.id);
  if (at >= 0) return list.with(at, event);
  let place = list.length;
  while (place > 0 && (list[place - 1] as ScaleEvent).id > event.id) place--;
  const merged = list.toSpliced(place, 0, event);
  return merged.length > bound ? merged.slice(merged.length - bound) : merged;
}

export function mergeAll(list: ScaleEvent[], events: ScaleEvent[], bound: number): ScaleEvent[] {
  const byID = new Map(list.map((e) => [e.id, e]));
  for (const e of events) byID.set(e.id, e);
  return [...byID.values()].toSorted((a, b) => a.id - b.id).slice(-bound);
}

/** What a decision did: changed the count, was held back, or only confirmed it. */
export function effect(e: ScaleEvent): "up" | "down" | "held" | "quiet" {
  if (e.applied && e.to > e.from) return "up";
  if (e.applied && e.to < e.from) return "down";
  const quiet = ["unchanged", "converged", "awake", "heartbeat", "passed", "relayed", "superseded"];
  return quiet.includes(e.code) ? "quiet" : "held";
}
