import { describe, expect, test } from "vitest";
import type { ScaleEvent } from "../api/types";
import { effect, merge, mergeAll } from "./decisions";

const e = (id: number, more: Partial<ScaleEvent> = {}): ScaleEvent => ({
  id, time: "2026-11-22T20:30:00Z", kind: "alert", from: 1, to: 2, wanted: 2, applied: true, code: "scaled", reason: "ordered 2", ...more,
});
const ids = (list: ScaleEvent[]) => list.map((x) => x.id);

describe("merge", () => {
  test("a new one goes to the end", () => expect(ids(merge([e(1)], e(2), 9))).toEqual([1, 2]));
  test("a known one is updated in its place", () => {
    const list = merge([e(1), e(2)], e(1, { ready_after_seconds: 0.8 }), 9);
    expect(ids(list)).toEqual([1, 2]);
    expect(list[0]?.ready_after_seconds).toBe(0.8);
  });
  test("one that is late finds its place", () => expect(ids(merge([e(1), e(3)], e(2), 9))).toEqual([1, 2, 3]));
  test("the oldest go", () => expect(ids(merge([e(1), e(2)], e(3), 2))).toEqual([2, 3]));
  test("of two lists each once", () => expect(ids(mergeAll([e(3), e(1)], [e(2), e(3)], 9))).toEqual([1, 2, 3]));
});

test("effect", () => {
  expect(effect(e(1))).toBe("up");
  expect(effect(e(1, { from: 3, to: 1 }))).toBe("down");
  expect(effect(e(1, { applied: false, code: "frozen" }))).toBe("held");
  expect(effect(e(1, { applied: false, code: "unchanged" }))).toBe("quiet");
});
