// Numbers as people read them. Unknown is a dash.

export const unknown = "–";

/** Three significant digits, with k and M: 0.42, 7.5, 120, 1.2k. */
export function compact(n: number): string {
  const a = Math.abs(n);
  if (a >= 999_500_000) return `${digits(n / 1e9)}G`;
  if (a >= 999_500) return `${digits(n / 1e6)}M`;
  if (a >= 999.5) return `${digits(n / 1e3)}k`;
  return digits(n);
}

function digits(n: number): string {
  const a = Math.abs(n);
  if (a >= 99.95) return n.toFixed(0);
  if (a >= 9.995) return trim(n.toFixed(1));
  return trim(n.toFixed(a >= 1 ? 1 : 2));
}

const trim = (s: string) => (s.includes(".") ? s.replace(/\.?0+$/, "") : s);

export function rate(n: number | null | undefined): string {
  return n === null || n === undefined ? unknown : `${compact(n)}/s`;
}

export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? unknown : compact(n);
}

/** A duration in seconds as a measurement: 850 µs, 12 ms, 1.4 s, 2.1 min. */
export function seconds(s: number | null | undefined): string {
  if (s === null || s === undefined) return unknown;
  if (s === 0) return "0 ms";
  if (s < 0.0009995) return `${digits3(s * 1e6)} µs`;
  if (s < 0.9995) return `${digits3(s * 1e3)} ms`;
  if (s < 119.5) return `${digits3(s)} s`;
  return `${digits3(s / 60)} min`;
}

function digits3(n: number): string {
  return n >= 9.95 ? n.toFixed(0) : trim(n.toFixed(1));
}

/** A share as percent: 0 %, <0.1 %, 0.3 %, 12 %. */
export function share(x: number | null | undefined): string {
  if (x === null || x === undefined) return unknown;
  const p = x * 100;
  if (p === 0) return "0 %";
  if (p < 0.1) return "<0.1 %";
  return `${p >= 9.95 ? p.toFixed(0) : trim(p.toFixed(1))} %`;
}

export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return unknown;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (n >= 1023.5 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${unit === 0 ? n.toFixed(0) : digits3(n)} ${units[unit]}`;
}

export function millicores(n: number | null | undefined): string {
  return n === null || n === undefined ? unknown : `${compact(n)} m`;
}

/** A load or target in the unit of its signal. */
export function load(n: number | null | undefined, signal: string): string {
  if (n === null || n === undefined) return unknown;
  switch (signal) {
    case "rps": return `${compact(n)}/s`;
    case "capacity":
    case "slots": return `${compact(n)} in flight`;
    case "cpu": return millicores(n);
    case "memory": return bytes(n);
    case "queue": return `${compact(n)} queued`;
    default: return compact(n);
  }
}

/** "1 replica", "3 replicas". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${compact(n)} ${n === 1 ? one : many}`;
}
