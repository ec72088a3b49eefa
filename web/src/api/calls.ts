// The calls of the gateway's API that the portal makes, one line each.
import { readJSON, sendJSON } from "./request";
import type {
  Deployment, Frozen, FunctionScaling, FunctionStatus, History, Preview, ScalingPatch,
} from "./types";

const path = encodeURIComponent;

export const describe = (name: string, usage = false) =>
  readJSON<FunctionStatus>(`/system/function/${path(name)}${usage ? "?usage=1" : ""}`);

export const deploy = (d: Deployment) => sendJSON("POST", "/system/functions", d);
export const update = (d: Deployment) => sendJSON("PUT", "/system/functions", d);
export const remove = (name: string) => sendJSON("DELETE", "/system/functions", { functionName: name });
export const scale = (name: string, replicas: number) => sendJSON("POST", `/system/scale-function/${path(name)}`, { replicas });

export const history = (name: string, seconds: number, signal?: AbortSignal) =>
  readJSON<History>(`/system/portal/history/${path(name)}?seconds=${seconds}`, signal);

export async function preview(name: string, seconds: number, scaling: ScalingPatch, signal?: AbortSignal): Promise<Preview> {
  const answer = await sendJSON("POST", `/system/portal/preview/${path(name)}`, { seconds, scaling }, signal);
  return (await answer.json()) as Preview;
}

export const readScaling = (name: string) => readJSON<FunctionScaling>(`/system/functions/${path(name)}/scaling`);

export async function setScaling(name: string, patch: ScalingPatch): Promise<FunctionScaling> {
  const answer = await sendJSON("PATCH", `/system/functions/${path(name)}/scaling`, patch);
  return (await answer.json()) as FunctionScaling;
}

export async function freeze(name: string, duration: string, comment: string): Promise<Frozen> {
  const answer = await sendJSON("PUT", `/system/functions/${path(name)}/freeze`, { for: duration, comment });
  return (await answer.json()) as Frozen;
}

export async function unfreeze(name: string): Promise<string[]> {
  const answer = await sendJSON("DELETE", `/system/functions/${path(name)}/freeze`);
  return ((await answer.json()) as { ended: string[] | null }).ended ?? [];
}

export const secrets = async () => (await readJSON<{ name: string }[]>("/system/secrets")).map((s) => s.name);
export const createSecret = (name: string, value: string) => sendJSON("POST", "/system/secrets", { name, value });
