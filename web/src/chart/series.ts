// The points of one function's charts: a history, and then what the stream tells, bounded in time and number.
import type { FunctionEvent, History, Points, Row } from "../api/types";

export const keys = ["arrivals", "inFlight", "errors", "p50", "p99", "desired", "ready", "capacity", "load"] as const;
export type Key = (typeof keys)[number];
export type Sample = Record<Key, number | null>;

// Whatever the gateway's step: a chart that is wider than this shows no more.
const mostPoints = 4000;

export class Series {
  readonly times: number[] = [];
  readonly columns = Object.fromEntries(keys.map((k) => [k, [] as Points])) as Record<Key, Points>;
  signal = "rps";
  private readonly seconds: number;
  private step: number;
  // The last point is still growing: it is replaced until the step is over.
  private openSince = 0;

  constructor(seconds: number, step = 1) {
    this.seconds = seconds;
    this.step = step;
  }

  /** Begins anew with what was fetched. */
  replace(h: History): void {
    this.times.length = 0;
    this.times.push(...h.times);
    for (const key of keys) this.columns[key].splice(0, Infinity, ...h.times.map((_, i) => h[key]?.[i] ?? null));
    this.step = Math.max(1, h.step);
    this.signal = h.signal || "rps";
    this.openSince = 0;
  }

  /** Follows another signal: what is known of the load before is in another unit. */
  follow(signal: string): void {
    if (signal === this.signal) return;
    this.signal = signal;
    this.columns.load.fill(null);
    this.columns.capacity.fill(null);
  }

  /** Takes what is true now. */
  add(now: number, sample: Sample): void {
    const last = this.times.at(-1) ?? 0;
    if (now <= last) return;
    const open = this.openSince > 0 && now - this.openSince < this.step * 1000;
    if (open) {
      this.drop(this.times.length - 1, 1);
    } else {
      // A pause in which nothing was known is a gap and not a line.
      if (last > 0 && now - last > Math.max(3 * this.step, 10) * 1000) this.push(last + 1, null);
      this.openSince = now;
    }
    this.push(now, sample);
    this.trim(now);
  }

  private push(at: number, sample: Sample | null): void {
    this.times.push(at);
    for (const key of keys) this.columns[key].push(sample ? sample[key] : null);
  }

  private drop(at: number, count: number): void {
    this.times.splice(at, count);
    for (const key of keys) this.columns[key].splice(at, count);
  }

  private trim(now: number): void {
    const from = now - this.seconds * 1000;
    let old = 0;
    // One older point stays, so that lines begin at the edge.
    while (old + 1 < this.times.length && (this.times[old + 1] as number) < from) old++;
    old = Math.max(old, this.times.length - mostPoints);
    if (old > 0) this.drop(0, old);
  }

  /** The values at the point next to a time, for a decision's words. */
  at(time: number): Sample | null {
    const i = nearest(this.times, time);
    if (i < 0) return null;
    return Object.fromEntries(keys.map((k) => [k, this.columns[k][i] ?? null])) as Sample;
  }
}

export function nearest(times: number[], time: number): number {
  if (times.length === 0) return -1;
  let low = 0, high = times.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((times[mid] as number) < time) low = mid + 1;
    else high = mid;
  }
  if (low > 0 && time - (times[low - 1] as number) < (times[low] as number) - time) low--;
  return low;
}

/** A row of the list, and what more is known of the function, as a sample. */
export function sample(row: Row, more: FunctionEvent | null): Sample {
  const signal = row.signals?.[0];
  const load = signal?.type === "rps" ? row.rps
    : signal?.type === "capacity" ? row.inFlight
    : more?.scaling?.signals?.find((s) => s.type === signal?.type)?.load ?? null;
  return {
    arrivals: row.rps, inFlight: row.inFlight, p50: row.p50, p99: row.p99, desired: row.desired, ready: row.ready,
    errors: row.rps !== null && row.errors !== null ? row.rps * row.errors : null,
    capacity: signal ? signal.perReplica * row.desired : null,
    load,
  };
}
