// A decision in words.
import type { ScaleEvent } from "../api/types";
import type { Sample } from "../chart/series";
import { load, seconds } from "../format/number";
import { clockTime } from "../format/time";
import { effect } from "../stream/decisions";

const kinds: Record<string, string> = {
  alert: "alert", step: "step alert", manual: "by hand", wake: "woken by a call", blocked: "cannot start", freeze: "silence", heartbeat: "control loop",
};

/** What gave the order: the alert with its signal, or what else it was. */
export function cause(e: ScaleEvent): string {
  const signal = e.signal ? ` (${e.signal})` : "";
  return e.alert ? `${e.alert}${signal}` : `${kinds[e.kind] ?? e.kind}${signal}`;
}

export function change(e: ScaleEvent): string {
  if (e.applied && e.from !== e.to) return `${e.from} → ${e.to}`;
  return e.wanted !== e.from && e.kind !== "freeze" && e.kind !== "blocked" ? `${e.from}, not ${e.wanted}` : String(e.from);
}

/** How long until the new replicas took requests. Nothing where the decision added none. */
export function readyAfter(e: ScaleEvent): string {
  if (effect(e) !== "up") return "";
  return typeof e.ready_after_seconds === "number" ? `ready after ${seconds(e.ready_after_seconds)}` : "not ready yet";
}

export function decisionSentence(e: ScaleEvent): string {
  return [clockTime(Date.parse(e.time)), change(e), cause(e), e.reason, readyAfter(e)].filter(Boolean).join(", ");
}

export function DecisionCard({ event: e, sample, signal }: { event: ScaleEvent; sample: Sample | null; signal: string }) {
  return (
    <div class="decision-card">
      <div class="row between"><b class="num">{change(e)}</b><span class="faint num">{clockTime(Date.parse(e.time))}</span></div>
      <div class="muted">{cause(e)}</div>
      {sample && sample.load !== null && sample.capacity !== null && (
        <div class="num">{load(sample.load, signal)} where {load(sample.capacity, signal)} are carried at target</div>
      )}
      <div class="break">{e.reason}</div>
      {readyAfter(e) !== "" && <div class="faint num">{readyAfter(e)}</div>}
      {e.repeats ? <div class="faint num">came {e.repeats + 1} times</div> : null}
    </div>
  );
}
