import { describe, expect, test } from "vitest";
import type { Row } from "../api/types";
import { filterWords, inGroup, matches, sortRows } from "./sort";
import { windowOf } from "./window";

const row = (name: string, more: Partial<Row> = {}): Row => ({
  name, image: `example/${name}:1`, desired: 1, ready: 1, min: 1, max: 20, state: "ready", stateText: "ready", blocked: "", frozen: null,
  rps: 1, inFlight: 0, p50: null, p99: null, errors: 0, held: 0, invocations: 0, target: "", signals: [], ...more,
});
const names = (rows: Row[]) => rows.map((r) => r.name);

describe("sortRows", () => {
  test("names with numbers as people count", () => expect(names(sortRows([row("j10"), row("j9")], { column: "name", down: false }))).toEqual(["j9", "j10"]));
  test("unknown comes last either way, equal ones by name", () => {
    const rows = [row("c"), row("b", { rps: null }), row("a"), row("d", { rps: 9 })];
    expect(names(sortRows(rows, { column: "rps", down: true }))).toEqual(["d", "a", "c", "b"]);
    expect(names(sortRows(rows, { column: "rps", down: false }))).toEqual(["a", "c", "d", "b"]);
  });
  test("trouble first", () =>
    expect(names(sortRows([row("a"), row("z", { state: "blocked" }), row("m", { state: "zero" })], { column: "state", down: false }))).toEqual(["z", "a", "m"]));
});

test("filter", () => {
  const r = row("resize", { stateText: "scaling 3→8", state: "starting" });
  expect(["", "RES", "scaling resize", "example/"].every((f) => matches(r, filterWords(f)))).toBe(true);
  expect(matches(r, filterWords("resize zero"))).toBe(false);
  expect([inGroup(r, "changing"), inGroup(r, "ready"), inGroup(r, "all"), inGroup(r, "frozen")]).toEqual([true, false, true, false]);
});

describe("windowOf", () => {
  test("short lists are whole", () => expect(windowOf(80, 56, -9999, 900)).toEqual({ from: 0, to: 80 }));
  test("what is seen is inside, and bounded", () => {
    for (let top = 300; top > -500 * 56; top -= 333) {
      const { from, to } = windowOf(500, 56, top, 900);
      const first = Math.max(0, Math.floor(-top / 56));
      const last = Math.min(500, Math.ceil((900 - top) / 56));
      expect(from).toBeLessThanOrEqual(first);
      expect(to).toBeGreaterThanOrEqual(Math.min(last, 500));
      expect(to - from).toBeLessThan(60);
    }
  });
  test("scrolled past the end of a list that became short", () => {
    const { from, to } = windowOf(100, 56, -100_000, 900);
    expect(from).toBeLessThan(100);
    expect(to).toBe(100);
  });
});
