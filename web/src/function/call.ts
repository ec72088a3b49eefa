// One call of a function, as the panel makes it.
import { RequestError } from "../api/request";

export type BodyKind = "none" | "text" | "json" | "file";

export interface Call {
  method: string;
  path: string;
  headers: [string, string][];
  body: BodyInit | null;
  later: boolean;
}

export interface Answer {
  status: number;
  statusText: string;
  /** Of the whole exchange, seen from here, in seconds. */
  took: number;
  /** As the gateway measured it. Null: it did not say. */
  duration: number | null;
  coldStart: number | null;
  callID: string;
  /** The platform answered and not the function. */
  platform: boolean;
  redirect: boolean;
  headers: [string, string][];
  type: string;
  bytes: Uint8Array;
  cut: boolean;
}

const mostBytes = 4 << 20;

export const bodyless = (method: string) => method === "GET" || method === "HEAD";

/** The path of a call: what was typed begins with a slash or a question mark, or gets one. */
export function callPath(name: string, path: string, later: boolean): string {
  const below = path === "" || path.startsWith("/") || path.startsWith("?") ? path : `/${path}`;
  return `/${later ? "async-function" : "function"}/${encodeURIComponent(name)}${below}`;
}

export async function make(name: string, call: Call, signal: AbortSignal): Promise<Answer> {
  const began = performance.now();
  let answer: Response;
  try {
    answer = await fetch(callPath(name, call.path, call.later), {
      method: call.method, headers: call.headers, body: bodyless(call.method) ? null : call.body, signal,
      // The session is for the gateway alone, and must not reach the function.
      credentials: "omit", cache: "no-store", redirect: "manual",
    });
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new RequestError(0, e instanceof TypeError && /header|method|Failed to (execute|construct)/i.test(e.message) ? e.message : "The gateway cannot be reached, or the answer broke off.");
  }
  const { bytes, cut } = await read(answer);
  const number = (header: string) => {
    const text = answer.headers.get(header);
    return text === null ? null : Number(text);
  };
  return {
    status: answer.status, statusText: answer.statusText, took: (performance.now() - began) / 1000,
    duration: number("X-Duration-Seconds"), coldStart: number("X-Cold-Start"), callID: answer.headers.get("X-Call-Id") ?? "",
    platform: answer.headers.get("X-OpenFaaS-Internal") === "gateway", redirect: answer.type === "opaqueredirect",
    headers: [...answer.headers], type: answer.headers.get("Content-Type") ?? "", bytes, cut,
  };
}

async function read(answer: Response): Promise<{ bytes: Uint8Array; cut: boolean }> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = answer.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (size > mostBytes) {
      await reader.cancel();
      return { bytes: join(parts, size).subarray(0, mostBytes), cut: true };
    }
  }
  return { bytes: join(parts, size), cut: false };
}

function join(parts: Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

const shownText = 200_000;
const shownHex = 4096;

/** The body as text, JSON in good order, or as a dump of bytes where it is no text. */
export function bodyText(bytes: Uint8Array, type: string): { text: string; kind: "json" | "text" | "bytes"; cut: boolean } {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { text: hexDump(bytes.subarray(0, shownHex)), kind: "bytes", cut: bytes.length > shownHex };
  }
  if (text.includes("\0")) return { text: hexDump(bytes.subarray(0, shownHex)), kind: "bytes", cut: bytes.length > shownHex };
  // Numbers of more digits than JavaScript has would come out as others.
  if ((/[/+]json\b/.test(type) || /^\s*[[{]/.test(text)) && !/\d{16}/.test(text)) {
    try {
      const pretty = JSON.stringify(JSON.parse(text), null, 2);
      return { text: pretty.slice(0, shownText), kind: "json", cut: pretty.length > shownText };
    } catch {
      // Shown as it came.
    }
  }
  return { text: text.slice(0, shownText), kind: "text", cut: text.length > shownText };
}

export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)];
    const hex = part.map((b) => b.toString(16).padStart(2, "0")).join(" ").padEnd(47);
    const text = part.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    lines.push(`${at.toString(16).padStart(8, "0")}  ${hex}  ${text}`);
  }
  return lines.join("\n");
}

/** The same call for a terminal. */
export function curl(origin: string, name: string, call: Call, body: string, file: string): string {
  const quote = (s: string) => `'${s.replaceAll("'", `'\\''`)}'`;
  const parts = ["curl -i"];
  const hasBody = !bodyless(call.method) && (body !== "" || file !== "");
  if (call.method === "HEAD") parts.push("-I");
  else if (call.method !== (hasBody ? "POST" : "GET")) parts.push(`-X ${call.method}`);
  for (const [k, v] of call.headers) parts.push(`-H ${quote(`${k}: ${v}`)}`);
  if (hasBody) parts.push(file === "" ? `--data-raw ${quote(body)}` : `--data-binary ${quote(`@${file}`)}`); // raw: an @ is an @
  parts.push(quote(origin + callPath(name, call.path, call.later)));
  return parts.join(" ");
}
