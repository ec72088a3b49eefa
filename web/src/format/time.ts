// Times as people read them: relative, with the exact one beside it.

/** How long ago, or how far ahead: "now", "12 s ago", "in 3 min". */
export function relative(time: number, now: number): string {
  const s = (now - time) / 1000;
  if (Math.abs(s) < 1.5) return "now";
  return s > 0 ? `${span(s)} ago` : `in ${span(-s)}`;
}

/** A span in its largest unit, or its largest two where one would be coarse: 42 s, 3 min, 2 h 10 min, 5 d. */
export function span(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 10 && min % 60 > 0) return `${h} h ${min % 60} min`;
  if (h < 48) return `${Math.round(min / 60)} h`;
  return `${Math.round(min / 60 / 24)} d`;
}

const pad = (n: number) => String(n).padStart(2, "0");

/** 12:04:10 */
export function clockTime(ms: number): string {
  const d = new Date(ms);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

/** 12:04 */
export function minuteTime(ms: number): string {
  const d = new Date(ms);
  return `${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

/** 2026-11-22 12:04:10 */
export function exact(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clockTime(ms)}`;
}

const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001, us: 1e-6, µs: 1e-6, ns: 1e-9 };

/** Reads a duration as Go writes it, 1h30m, or plain seconds. NaN: it is none. */
export function parseDuration(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d*)?(h|ms|us|µs|ns|m|s))+$/.test(text)) return NaN;
  let total = 0;
  for (const [, n, unit] of text.matchAll(/(\d+(?:\.\d*)?)(h|ms|us|µs|ns|m|s)/g)) total += Number(n) * (units[unit as string] ?? NaN);
  return total;
}

/** Go's 1m30s and 15m0s without the zeros: 1m30s, 15m. */
export function shortDuration(text: string): string {
  return text.replace(/(?<=[hm])0s$/, "").replace(/(?<=h)0m$/, "");
}
