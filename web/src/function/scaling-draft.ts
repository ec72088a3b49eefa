// The thresholds as they are typed, what is wrong with them, and the patch that they make.
import type { ScalingPatch, ScalingSettings } from "../api/types";
import { cpu, decimal, memory, whole } from "../format/parse";
import { parseDuration, shortDuration } from "../format/time";

export const signalTypes = ["rps", "capacity", "cpu", "memory", "queue", "custom"] as const;
export type SignalType = (typeof signalTypes)[number];

export const windows = ["10s", "30s", "1m", "5m", "15m"] as const;
export const mostReplicas = 10_000;
const mostSlots = 1_000_000;

export const signalWords: Record<SignalType, { name: string; unit: string }> = {
  rps: { name: "Arrivals", unit: "requests a second" },
  capacity: { name: "In flight", unit: "requests in flight" },
  cpu: { name: "CPU", unit: "millicores" },
  memory: { name: "Memory", unit: "bytes, such as 256Mi" },
  queue: { name: "Queue", unit: "asynchronous calls" },
  custom: { name: "Custom", unit: "of your own rule" },
};

export interface ScalingDraft {
  types: SignalType[];
  targets: Partial<Record<SignalType, string>>;
  min: string;
  max: string;
  window: string;
  zero: boolean;
  zeroDuration: string;
  proportion: string;
  slots: string;
  factor: string;
}

export const defaults: ScalingDraft = {
  types: ["rps"], targets: { rps: "5", capacity: "10", cpu: "500", queue: "10", custom: "10" },
  min: "1", max: "20", window: "30s", zero: false, zeroDuration: "15m", proportion: "0.9", slots: "0", factor: "20",
};

export function draftOf(s: ScalingSettings): ScalingDraft {
  const types = s.type.split(",").map((t) => t.trim()).filter((t): t is SignalType => signalTypes.includes(t as SignalType));
  const targets: ScalingDraft["targets"] = {};
  for (const t of types) {
    const target = s.targets[t];
    if (target !== undefined) targets[t] = targetText(t, target);
  }
  const window = shortDuration(s.window);
  return {
    types, targets, min: String(s.min), max: String(s.max), window, zero: s.zero, zeroDuration: shortDuration(s.zeroDuration),
    proportion: String(s.proportion), slots: String(s.slots), factor: String(s.factor),
  };
}

function targetText(type: SignalType, target: number): string {
  if (type === "memory") {
    for (const [unit, factor] of [["Gi", 2 ** 30], ["Mi", 2 ** 20], ["Ki", 2 ** 10]] as const) {
      if (target >= factor && target % factor === 0) return `${target / factor}${unit}`;
    }
  }
  return String(target);
}

export type ScalingErrors = Partial<Record<"types" | "min" | "max" | "window" | "zeroDuration" | "proportion" | "slots" | "factor" | `target-${SignalType}`, string>>;

export function validate(d: ScalingDraft): ScalingErrors {
  const errors: ScalingErrors = {};
  if (d.types.length === 0) errors.types = "Choose at least one load to follow.";
  for (const t of d.types) {
    const wrong = targetError(t, d.targets[t] ?? "");
    if (wrong) errors[`target-${t}`] = wrong;
  }
  const min = whole(d.min);
  const max = whole(d.max);
  if (!(min >= 0 && min <= mostReplicas)) errors.min = `A whole number from 0 to ${mostReplicas}.`;
  if (!(max >= 1 && max <= mostReplicas)) errors.max = `A whole number from 1 to ${mostReplicas}.`;
  if (!errors.min && !errors.max && min > max) errors.min = `Above the maximum of ${max}: lower the one or raise the other.`;
  if (!(windows as readonly string[]).includes(d.window)) errors.window = `One of ${windows.join(", ")}.`;
  if (!(parseDuration(d.zeroDuration.trim()) >= 1)) errors.zeroDuration = "A duration of at least 1s, such as 15m.";
  const proportion = decimal(d.proportion);
  if (!(proportion > 0 && proportion <= 1)) errors.proportion = "A number above 0 and at most 1.";
  if (!(whole(d.slots) <= mostSlots)) errors.slots = `A whole number from 0 to ${mostSlots}.`;
  if (!(whole(d.factor) <= 100)) errors.factor = "A whole number from 0 to 100.";
  return errors;
}

export function targetError(type: SignalType, text: string): string {
  const t = text.trim();
  if (type === "cpu") return cpuTarget(t) >= 1 ? "" : "Millicores of at least 1, such as 500.";
  if (type === "memory") return memory(t) >= 2 ** 20 ? "" : "Bytes, or a quantity such as 256Mi, of at least 1Mi.";
  return decimal(t) > 0 ? "" : "A number above 0.";
}

// Unlike a limit, a target without a unit is millicores.
const cpuTarget = (t: string) => (t.endsWith("m") ? cpu(t) : decimal(t));

function targetValue(type: SignalType, text: string): number | string {
  const t = text.trim();
  if (type === "memory") return /^\d+$/.test(t) ? Number(t) : t;
  return type === "cpu" ? cpuTarget(t) : decimal(t);
}

/** What was typed, put over what is there now: what was left as it was before follows. */
export function rebase(before: ScalingDraft, typed: ScalingDraft, now: ScalingDraft): ScalingDraft {
  const out: ScalingDraft = { ...now, targets: { ...now.targets } };
  if (typed.types.join() !== before.types.join()) out.types = typed.types;
  for (const t of signalTypes) {
    const text = typed.targets[t];
    if (text !== undefined && text !== before.targets[t]) out.targets[t] = text;
  }
  for (const key of ["min", "max", "window", "zeroDuration", "proportion", "slots", "factor"] as const) {
    if (typed[key] !== before[key]) out[key] = typed[key];
  }
  if (typed.zero !== before.zero) out.zero = typed.zero;
  return out;
}

/** What differs, as PATCH takes it. Null: nothing does. */
export function patchOf(before: ScalingDraft, after: ScalingDraft): ScalingPatch | null {
  const patch: ScalingPatch = {};
  if (before.types.join() !== after.types.join()) patch.type = after.types.join(",");
  const targets: Record<string, number | string> = {};
  for (const t of after.types) {
    const text = after.targets[t] ?? "";
    if (text.trim() !== (before.targets[t] ?? "").trim() || !before.types.includes(t)) targets[t] = targetValue(t, text);
  }
  if (Object.keys(targets).length > 0) patch.targets = targets;
  for (const key of ["min", "max", "slots", "factor"] as const) {
    if (before[key].trim() !== after[key].trim()) patch[key] = whole(after[key]);
  }
  if (before.proportion.trim() !== after.proportion.trim()) patch.proportion = decimal(after.proportion);
  if (before.window !== after.window) patch.window = after.window;
  if (before.zero !== after.zero) patch.zero = after.zero;
  if (before.zeroDuration.trim() !== after.zeroDuration.trim()) patch.zeroDuration = after.zeroDuration.trim();
  return Object.keys(patch).length > 0 ? patch : null;
}
