import { describe, expect, test } from "vitest";
import type { History, ScaleEvent } from "../api/types";
import { markersOf } from "./markers";
import { keys, nearest, Series, type Sample } from "./series";

const at = (n: number): Sample => Object.fromEntries(keys.map((k) => [k, n])) as Sample;
const sameLengths = (s: Series) => keys.every((k) => s.columns[k].length === s.times.length);

describe("Series", () => {
  test("the last point grows until the step is over", () => {
    const s = new Series(900, 5);
    s.add(1000, at(1));
    s.add(2000, at(2));
    expect(s.times).toEqual([2000]);
    s.add(6000, at(3));
    expect(s.times).toEqual([2000, 6000]);
    expect(s.columns.load).toEqual([2, 3]);
  });

  test("what was fetched stays, and what comes goes behind it", () => {
    const s = new Series(60);
    const points = Object.fromEntries(keys.map((k) => [k, [1, 2]]));
    s.replace({ ...points, times: [1000, 2000], step: 1, signal: "capacity" } as unknown as History);
    s.add(1500, at(9)); // older than the last
    s.add(3000, at(3));
    expect(s.times).toEqual([1000, 2000, 3000]);
    expect(s.signal).toBe("capacity");
    expect(sameLengths(s)).toBe(true);
  });

  test("a pause is a gap", () => {
    const s = new Series(900);
    s.add(1000, at(1));
    s.add(61_000, at(2));
    expect(s.columns.arrivals).toEqual([1, null, 2]);
  });

  test("it stays within its time for hours", () => {
    const s = new Series(300);
    for (let t = 1; t <= 20_000; t++) s.add(t * 1000, at(t));
    expect(s.times.length).toBeLessThan(310);
    expect(sameLengths(s)).toBe(true);
    expect(s.times.at(-1)).toBe(20_000_000);
  });
});

test("nearest", () => {
  expect(nearest([], 5)).toBe(-1);
  expect([0, 14, 16, 99].map((t) => nearest([10, 20, 30], t))).toEqual([0, 0, 1, 2]);
});

describe("markersOf", () => {
  const e = (id: number, seconds: number, more: Partial<ScaleEvent> = {}): ScaleEvent => ({
    id, time: new Date(seconds * 1000).toISOString(), kind: "alert", from: 1, to: 2, wanted: 2, applied: true, code: "scaled", reason: "", ...more,
  });
  const markers = (events: ScaleEvent[]) => markersOf(events, 0, 100_000, 1000, 14).map((m) => [m.kind, m.events.map((x) => x.id), m.at]);

  test("those that would lie on each other are one", () =>
    expect(markers([e(1, 10), e(2, 11), e(3, 50, { to: 0 })])).toEqual([["up", [1, 2], 0.1], ["down", [3], 0.5]]));
  test("of several kinds", () => expect(markers([e(1, 10), e(2, 11, { applied: false, code: "frozen" })])[0]?.[0]).toBe("mixed"));
  test("outside the time, or nothing to tell", () => expect(markers([e(1, 200), e(2, 5, { applied: false, code: "unchanged" })])).toEqual([]));
});
