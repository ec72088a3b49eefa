// What is wrong with a function as it is typed, by field; the gateway has the same rules and the last word.
import { cpu, memory } from "../format/parse";
import { validate as validateScaling, type ScalingErrors } from "../function/scaling-draft";
import type { Pair } from "../ui/pairs";
import { scalingPrefix, type Draft } from "./draft";

export interface Errors {
  name?: string;
  image?: string;
  limitMemory?: string;
  limitCPU?: string;
  requestMemory?: string;
  requestCPU?: string;
  env: Record<number, string>;
  labels: Record<number, string>;
  annotations: Record<number, string>;
  scaling: ScalingErrors;
}

const mostName = 63;

export function nameError(name: string): string {
  if (name === "") return `Give it a name of 1 to ${mostName} letters, digits, '-', '_' or '.'.`;
  if (name.length > mostName) return `${name.length} characters: at most ${mostName} are allowed.`;
  if (!/^[a-zA-Z0-9][-a-zA-Z0-9_.]*$/.test(name)) return "Use letters, digits, '-', '_' and '.', starting with a letter or digit.";
  if (name.endsWith(".openfaas-fn")) return "Leave out the namespace .openfaas-fn.";
  return "";
}

export function secretNameError(name: string): string {
  if (name === "") return "Give it a name.";
  if (name.length > 64) return `${name.length} characters: at most 64 are allowed.`;
  if (!/^[a-zA-Z0-9]([-a-zA-Z0-9_.]*[a-zA-Z0-9])?$/.test(name)) return "Use letters, digits, '-', '_' and '.', starting and ending with a letter or digit.";
  return "";
}

export function memoryError(text: string): string {
  return text.trim() === "" || memory(text.trim()) >= 0 ? "" : "A number with a unit, such as 128Mi, 1Gi or 64M.";
}

export function cpuError(text: string): string {
  return text.trim() === "" || cpu(text.trim()) >= 0 ? "" : "Millicores such as 100m, or cores such as 0.5.";
}

function pairErrors(pairs: Pair[], wrong: (key: string) => string): Record<number, string> {
  const errors: Record<number, string> = {};
  const seen = new Set<string>();
  for (const [i, { key: raw, value }] of pairs.entries()) {
    const key = raw.trim();
    if (key === "" && value === "") continue;
    const error = key === "" ? "The name is missing." : seen.has(key) ? `${key} is there twice.` : wrong(key);
    if (error !== "") errors[i] = error;
    seen.add(key);
  }
  return errors;
}

const envError = (key: string) => (key.includes("=") ? "A name has no '='." : key === "fprocess" ? "Use the field Command." : "");
const labelError = (key: string) =>
  key.startsWith(scalingPrefix) ? "Use the fields below Scaling." : /\s/.test(key) ? "A name has no spaces." : "";

export function validate(d: Draft, existing: readonly string[] | null): Errors {
  const errors: Errors = {
    env: pairErrors(d.env, envError), labels: pairErrors(d.labels, labelError), annotations: pairErrors(d.annotations, () => ""),
    scaling: validateScaling(d.scaling),
  };
  const put = (key: "name" | "image" | "limitMemory" | "limitCPU" | "requestMemory" | "requestCPU", error: string) => {
    if (error !== "") errors[key] = error;
  };
  put("name", nameError(d.name.trim()) || (existing?.includes(d.name.trim()) ? "There is a function of this name: update it on its page." : ""));
  put("image", d.image.trim() !== "" || d.process.trim() !== "" ? (/\s/.test(d.image.trim()) ? "An image has no spaces." : "") : "Name the image to run.");
  put("limitMemory", memoryError(d.limitMemory));
  put("requestMemory", memoryError(d.requestMemory));
  put("limitCPU", cpuError(d.limitCPU));
  put("requestCPU", cpuError(d.requestCPU));
  return errors;
}

export function anyError(e: Errors): boolean {
  const { env, labels, annotations, scaling, ...plain } = e;
  return [env, labels, annotations, scaling, plain].some((part) => Object.keys(part).length > 0);
}
