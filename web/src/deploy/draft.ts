// A function as it is typed in the form, from and to what the gateway takes.
import type { Deployment, FunctionStatus } from "../api/types";
import { defaults, signalTypes, windows, type ScalingDraft, type SignalType } from "../function/scaling-draft";
import { parseDuration, shortDuration } from "../format/time";
import { fromPairs, toPairs, type Pair } from "../ui/pairs";

export const scalingPrefix = "com.openfaas.scale.";

export interface Draft {
  name: string;
  image: string;
  process: string;
  env: Pair[];
  secrets: string[];
  labels: Pair[];
  annotations: Pair[];
  constraints: string;
  limitMemory: string;
  limitCPU: string;
  requestMemory: string;
  requestCPU: string;
  readOnly: boolean;
  scaling: ScalingDraft;
}

export const emptyDraft = (): Draft => ({
  name: "", image: "", process: "", env: [], secrets: [], labels: [], annotations: [], constraints: "",
  limitMemory: "", limitCPU: "", requestMemory: "", requestCPU: "", readOnly: false, scaling: defaults,
});

export function draftFrom(s: FunctionStatus): Draft {
  const { scaling, others } = scalingFrom(s.labels);
  return {
    name: s.name, image: s.image, process: s.envProcess ?? "", env: toPairs(s.envVars), secrets: s.secrets ?? [],
    labels: toPairs(others), annotations: toPairs(s.annotations), constraints: (s.constraints ?? []).join("\n"),
    limitMemory: s.limits?.memory ?? "", limitCPU: s.limits?.cpu ?? "", requestMemory: s.requests?.memory ?? "", requestCPU: s.requests?.cpu ?? "",
    readOnly: s.readOnlyRootFilesystem ?? false, scaling,
  };
}

const plainLabels = {
  min: "min", max: "max", window: "down.window", zeroDuration: "zero-duration", proportion: "target-proportion", slots: "slots", factor: "factor",
} as const;

/** The scaling labels as fields, and the labels that are none. */
export function scalingFrom(labels: Record<string, string>): { scaling: ScalingDraft; others: Record<string, string> } {
  const others = { ...labels };
  const take = (name: string): string | undefined => {
    const value = others[scalingPrefix + name];
    delete others[scalingPrefix + name];
    return value?.trim();
  };
  const scaling: ScalingDraft = { ...defaults, targets: { ...defaults.targets } };
  const types = take("type")?.split(",").map((t) => t.trim()).filter((t): t is SignalType => signalTypes.includes(t as SignalType));
  if (types && types.length > 0) scaling.types = types;
  for (const t of signalTypes) {
    const target = take(`target.${t}`);
    if (target !== undefined) scaling.targets[t] = target;
  }
  const target = take("target");
  const first = scaling.types[0];
  if (target !== undefined && first) scaling.targets[first] = target;
  for (const [key, label] of Object.entries(plainLabels) as [keyof typeof plainLabels, string][]) {
    const value = take(label);
    if (value !== undefined) scaling[key] = key === "window" || key === "zeroDuration" ? shortDuration(value) : value;
  }
  const window = windows.find((w) => parseDuration(w) === parseDuration(scaling.window) || parseDuration(w) === Number(scaling.window));
  if (window) scaling.window = window;
  // As the gateway has it: a minimum alone lifts the maximum.
  if (!(`${scalingPrefix}max` in labels) && Number(scaling.min) > Number(scaling.max)) scaling.max = scaling.min;
  const zero = take("zero");
  if (zero !== undefined) scaling.zero = /^(1|t|true)$/i.test(zero);
  return { scaling, others };
}

/** The labels that say what differs from the defaults. */
export function scalingLabels(s: ScalingDraft): Record<string, string> {
  const labels: Record<string, string> = {};
  if (s.types.join() !== defaults.types.join()) labels.type = s.types.join(",");
  for (const [i, t] of s.types.entries()) {
    const target = (s.targets[t] ?? "").trim();
    if (target !== defaults.targets[t]) labels[i === 0 ? "target" : `target.${t}`] = target;
  }
  for (const [key, label] of Object.entries(plainLabels) as [keyof typeof plainLabels, string][]) {
    if (s[key].trim() !== defaults[key]) labels[label] = s[key].trim();
  }
  if (s.zero) labels.zero = "true";
  return Object.fromEntries(Object.entries(labels).map(([k, v]) => [scalingPrefix + k, v]));
}

export const constraintsOf = (text: string): string[] => text.split("\n").map((c) => c.trim()).filter(Boolean);

export function deploymentOf(d: Draft): Deployment {
  const limits = resources(d.limitMemory, d.limitCPU);
  const requests = resources(d.requestMemory, d.requestCPU);
  return {
    service: d.name.trim(),
    image: d.image.trim(),
    ...(d.process.trim() === "" ? {} : { envProcess: d.process.trim() }),
    envVars: fromPairs(d.env),
    secrets: d.secrets,
    labels: { ...fromPairs(d.labels), ...scalingLabels(d.scaling) },
    annotations: fromPairs(d.annotations),
    constraints: constraintsOf(d.constraints),
    ...(limits ? { limits } : {}),
    ...(requests ? { requests } : {}),
    ...(d.readOnly ? { readOnlyRootFilesystem: true } : {}),
  };
}

function resources(memory: string, cpu: string): { memory?: string; cpu?: string } | null {
  if (memory.trim() === "" && cpu.trim() === "") return null;
  return { ...(memory.trim() ? { memory: memory.trim() } : {}), ...(cpu.trim() ? { cpu: cpu.trim() } : {}) };
}
