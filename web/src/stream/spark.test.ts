import { describe, expect, test } from "vitest";
import { Spark, sparkPaths, stepMS, steps } from "./spark";

const now = 1_700_000_000_000; // the begin of a step

const tail = (s: Spark, n: number) => [...s.means.subarray(steps - n)];

describe("Spark", () => {
  test("begins with what was sent, the newest at the right", () => {
    expect(tail(new Spark(now, [1, null, 3]), 4)).toEqual([NaN, 1, NaN, 3]);
  });

  test("keeps the newest of too many", () => {
    const s = new Spark(now, Array.from({ length: 70 }, (_, i) => i));
    expect(s.means[0]).toBe(10);
    expect(s.means[steps - 1]).toBe(69);
  });

  test("takes the mean of each step", () => {
    const s = new Spark(now);
    expect(s.add(now + 1000, 2)).toBe(false);
    expect(s.add(now + 2000, 4)).toBe(false);
    expect(tail(s, 1)).toEqual([3]);
    expect(s.add(now + stepMS, 10)).toBe(true);
    expect(tail(s, 2)).toEqual([3, 10]);
  });

  test("leaves gaps where nothing came", () => {
    const s = new Spark(now, [5]);
    s.add(now + 3 * stepMS, 7);
    expect(tail(s, 4)).toEqual([5, NaN, NaN, 7]);
  });

  test("forgets all after five minutes of nothing", () => {
    const s = new Spark(now, Array.from({ length: 60 }, () => 1));
    s.add(now + 1000 * stepMS, null);
    expect([...s.means].every(Number.isNaN)).toBe(true);
  });

  test("does not move when the clock goes back", () => {
    const s = new Spark(now, [5]);
    s.add(now - 10 * stepMS, 9);
    expect(tail(s, 1)).toEqual([5]);
  });
});

describe("sparkPaths", () => {
  test("nothing", () => expect(sparkPaths([NaN, NaN], 10, 10)).toEqual({ line: "", area: "" }));
  test("zero is at the bottom", () => expect(sparkPaths([0, 0], 10, 10).line).toBe("M0 9L10 9"));
  test("a gap begins a new line, and closes each area", () => {
    const { line, area } = sparkPaths([1, 2, NaN, 4, 4], 8, 10);
    expect(line.match(/M/g)).toHaveLength(2);
    expect(area.match(/Z/g)).toHaveLength(2);
  });
});
