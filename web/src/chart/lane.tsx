// The marks of decisions, between the two charts that share their time axis: to point at, or to walk with the arrow keys.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ScaleEvent } from "../api/types";
import { decisionSentence, DecisionCard } from "../function/decision";
import { markersOf, type Marker } from "./markers";
import { left, right } from "./plot";
import type { Series } from "./series";

const shapes: Record<Marker["kind"], string> = {
  up: "M6 1.5 11 10.5H1Z", down: "M6 10.5 1 1.5h10Z", held: "M6 1 11 6 6 11 1 6Z", mixed: "M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9Z",
};

export function MarkerLane({ decisions, range, series }: { decisions: ScaleEvent[]; range: [number, number]; series: Series }) {
  const lane = useRef<HTMLDivElement>(null);
  const width = useSignal(600);
  const open = useSignal<number | null>(null); // the id of the first decision of the mark
  useEffect(() => {
    const element = lane.current;
    if (!element) return;
    const observer = new ResizeObserver(() => (width.value = element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const markers = markersOf(decisions, range[0], range[1], width.value, 14);
  const shown = markers.find((m) => first(m).id === open.value);

  const onKeyDown = (e: KeyboardEvent) => {
    if (e.key === "Escape") open.value = null;
    if (e.key !== "ArrowLeft" && e.key !== "ArrowRight") return;
    const all = [...(lane.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    all[at + (e.key === "ArrowLeft" ? -1 : 1)]?.focus();
    e.preventDefault();
  };

  return (
    <div class="lane" style={{ marginLeft: `${left}px`, marginRight: `${right}px` }}>
      <div
        class="marks" ref={lane} role="group" onKeyDown={onKeyDown}
        aria-label={markers.length === 0 ? "No decisions in this time" : "Decisions: the arrow keys go from one to the next"}
      >
        {markers.map((m, i) => {
          const e = first(m);
          return (
            <button
              key={e.id} type="button" class={`mark ${m.kind}`} data-testid={`decision-marker-${e.id}`}
              tabIndex={i === markers.length - 1 ? 0 : -1} style={{ left: `${m.at * 100}%` }}
              aria-label={`${m.events.length > 1 ? `${m.events.length} decisions: ` : ""}${m.events.map(decisionSentence).join("; ")}`}
              onPointerEnter={() => (open.value = e.id)} onPointerLeave={(p) => p.currentTarget !== document.activeElement && (open.value = null)}
              onFocus={() => (open.value = e.id)} onBlur={() => (open.value = null)}
            >
              <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><path d={shapes[m.kind]} /></svg>
              {m.events.length > 1 && <span class="many" aria-hidden="true">{m.events.length}</span>}
            </button>
          );
        })}
      </div>
      {shown && (
        <div class="hovercard" role="tooltip" style={place(shown.at)}>
          {shown.events.slice(-3).map((e) => <DecisionCard key={e.id} event={e} sample={series.at(Date.parse(e.time) - 500)} signal={series.signal} />)}
          {shown.events.length > 3 && <div class="faint small">and {shown.events.length - 3} before</div>}
        </div>
      )}
    </div>
  );
}

const first = (m: Marker) => m.events[0] as ScaleEvent;

// Beside the mark, on the side that has more room.
const place = (at: number) => (at < 0.5 ? { left: `calc(${at * 100}% + 14px)` } : { right: `calc(${(1 - at) * 100}% + 14px)` });
