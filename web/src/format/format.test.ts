import { describe, expect, test } from "vitest";
import { bytes, compact, load, plural, rate, seconds, share } from "./number";
import { cpu, decimal, memory, whole } from "./parse";
import { parseDuration, relative, shortDuration, span } from "./time";

describe("numbers", () => {
  test.each([
    [0, "0"], [0.004, "0"], [0.42, "0.42"], [1, "1"], [7.54, "7.5"], [9.96, "10"], [12.34, "12.3"], [100.4, "100"], [999.4, "999"], [999.6, "1k"], [1234, "1.2k"],
    [12_340, "12.3k"], [999_499, "999k"], [999_600, "1M"], [2_500_000, "2.5M"],
  ])("compact %d is %s", (n, want) => expect(compact(n)).toBe(want));

  test.each([
    [0, "0 ms"], [0.00042, "420 µs"], [0.0012, "1.2 ms"], [0.012, "12 ms"], [0.9994, "999 ms"], [0.9996, "1 s"], [1.44, "1.4 s"], [42, "42 s"], [150, "2.5 min"],
  ])("%d s is %s", (n, want) => expect(seconds(n)).toBe(want));

  test.each([[0, "0 %"], [0.0004, "<0.1 %"], [0.003, "0.3 %"], [0.0999, "10 %"], [0.12, "12 %"], [1, "100 %"]])("share %d is %s", (n, want) =>
    expect(share(n)).toBe(want));

  test("unknown is a dash", () => {
    expect([rate(null), seconds(null), share(null), bytes(null), load(null, "rps")]).toEqual(["–", "–", "–", "–", "–"]);
  });

  test("the unit of a load is that of its signal", () => {
    expect(load(1234, "rps")).toBe("1.2k/s");
    expect(load(3, "capacity")).toBe("3 in flight");
    expect(load(512 * 2 ** 20, "memory")).toBe("512 MiB");
    expect(load(700, "cpu")).toBe("700 m");
  });

  test("plural", () => expect([plural(1, "replica"), plural(0, "replica"), plural(1500, "replica")]).toEqual(["1 replica", "0 replicas", "1.5k replicas"]));
});

describe("times", () => {
  test.each([[3, "3 s"], [59.4, "59 s"], [59.6, "1 min"], [3599, "1 h"], [3700, "1 h 2 min"], [36_000, "10 h"], [86_400 * 3, "3 d"]])("span %d is %s", (n, want) =>
    expect(span(n)).toBe(want));
  test("relative", () => {
    expect(relative(1000, 2000)).toBe("now");
    expect(relative(0, 12_000)).toBe("12 s ago");
    expect(relative(180_000, 0)).toBe("in 3 min");
  });
  test.each([["1h30m", 5400], ["15m0s", 900], ["30s", 30], ["90", 90], ["1.5h", 5400], ["250ms", 0.25], ["", NaN], ["5 min", NaN], ["m", NaN], ["-1s", NaN]])(
    "parseDuration %s", (text, want) => expect(parseDuration(text)).toBe(want));
  test.each([["1m0s", "1m"], ["15m0s", "15m"], ["1h0m0s", "1h"], ["1m30s", "1m30s"], ["30s", "30s"], ["1h30m0s", "1h30m"], ["10m0s", "10m"]])("short %s", (text, want) =>
    expect(shortDuration(text)).toBe(want));
});

describe("quantities", () => {
  test.each([["128Mi", 128 * 2 ** 20], ["1Gi", 2 ** 30], ["64M", 64e6], ["1k", 1000], ["5m", 5 * 2 ** 20], ["1024", 1024], ["0.5Gi", 2 ** 29], ["x", NaN], ["Mi", NaN], ["-1Mi", NaN], ["1e3", NaN]])(
    "memory %s", (text, want) => expect(memory(text)).toBe(want));
  test.each([["100m", 100], ["0.5", 500], ["2", 2000], ["", NaN], ["m", NaN], ["1c", NaN]])("cpu %s", (text, want) => expect(cpu(text)).toBe(want));
  test("whole and decimal", () => {
    expect(["3", " 3 ", "", "3.5", "-1", "1e2"].map(whole)).toEqual([3, 3, NaN, NaN, NaN, NaN]);
    expect(["0.9", "5", ".5", "1.", "x"].map(decimal)).toEqual([0.9, 5, NaN, NaN, NaN]);
  });
});
