// Marks of decisions on a time axis: those that would lie on each other are one mark.
import type { ScaleEvent } from "../api/types";
import { effect } from "../stream/decisions";

export interface Marker {
  /** The place as a share of the width. */
  at: number;
  events: ScaleEvent[];
  kind: "up" | "down" | "held" | "mixed";
}

export function markersOf(events: ScaleEvent[], from: number, to: number, width: number, apart: number): Marker[] {
  const markers: Marker[] = [];
  for (const e of events) {
    const kind = effect(e);
    const time = Date.parse(e.time);
    if (kind === "quiet" || !(time >= from && time <= to)) continue;
    const at = (time - from) / (to - from);
    const last = markers.at(-1);
    if (last && (at - last.at) * width < apart) {
      last.events.push(e);
      if (last.kind !== kind) last.kind = "mixed";
      continue;
    }
    markers.push({ at, events: [e], kind });
  }
  return markers;
}
