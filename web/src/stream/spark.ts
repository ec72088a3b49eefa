// The load of the last five minutes in steps of five seconds: sixty means, of which the last is still growing.
import type { Points } from "../api/types";

export const steps = 60;
export const stepMS = 5000;

export class Spark {
  /** Oldest first, always sixty; NaN where nothing is known. */
  readonly means = new Float64Array(steps).fill(NaN);
  private sum = 0;
  private count = 0;
  private step: number;

  constructor(now: number, points: Points = []) {
    this.step = Math.floor(now / stepMS);
    // Newest at the right, whatever the length.
    const from = Math.max(0, points.length - steps);
    for (let i = from; i < points.length; i++) {
      this.means[steps - points.length + i] = points[i] ?? NaN;
    }
    const last = this.means[steps - 1] ?? NaN;
    if (!Number.isNaN(last)) {
      this.sum = last;
      this.count = 1;
    }
  }

  /** Takes one value of now, and reports whether a new step began. */
  add(now: number, value: number | null): boolean {
    const step = Math.floor(now / stepMS);
    const gone = Math.min(step - this.step, steps);
    if (gone > 0) {
      this.means.copyWithin(0, gone);
      this.means.fill(NaN, steps - gone);
      this.step = step;
      this.sum = this.count = 0;
    }
    if (value !== null && gone >= 0) {
      this.sum += value;
      this.count++;
      this.means[steps - 1] = this.sum / this.count;
    }
    return gone > 0;
  }
}

/** The line and the area under it as SVG paths, in a box of the given size; gaps stay gaps. */
export function sparkPaths(means: ArrayLike<number>, width: number, height: number): { line: string; area: string } {
  let top = 0;
  for (let i = 0; i < means.length; i++) {
    const v = means[i] as number;
    if (v > top) top = v;
  }
  if (top === 0) top = 1;
  const dx = width / (means.length - 1);
  const x = (i: number) => round(i * dx);
  const y = (v: number) => round(height - 1 - (v / top) * (height - 2));
  let line = "";
  let area = "";
  let begin = -1;
  for (let i = 0; i <= means.length; i++) {
    const v = i < means.length ? (means[i] as number) : NaN;
    if (Number.isNaN(v)) {
      if (begin >= 0) {
        if (begin === i - 1) line += `h1`; // a single value is a dot
        area += `L${x(i - 1)} ${height}Z`;
      }
      begin = -1;
      continue;
    }
    line += `${begin < 0 ? "M" : "L"}${x(i)} ${y(v)}`;
    area += begin < 0 ? `M${x(i)} ${height}L${x(i)} ${y(v)}` : `L${x(i)} ${y(v)}`;
    if (begin < 0) begin = i;
  }
  return { line, area };
}

const round = (n: number) => Math.round(n * 10) / 10;
