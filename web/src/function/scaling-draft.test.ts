import { describe, expect, test } from "vitest";
import type { ScalingSettings } from "../api/types";
import { draftOf, patchOf, rebase, validate } from "./scaling-draft";

const settings: ScalingSettings = {
  type: "rps,memory", targets: { rps: 5, memory: 268435456 }, min: 1, max: 20, window: "1m0s", zero: false, zeroDuration: "15m0s", proportion: 0.9, slots: 0, factor: 20,
};
const draft = draftOf(settings);

test("what somebody else changes meanwhile stays theirs", () => {
  const typed = { ...draft, targets: { ...draft.targets, rps: "20" } };
  const theirs = { ...draft, max: "50", targets: { ...draft.targets, memory: "1Gi" } };
  expect(patchOf(theirs, rebase(draft, typed, theirs))).toEqual({ targets: { rps: 20 } });
});

test("settings become fields as one would type them", () => {
  expect(draft.types).toEqual(["rps", "memory"]);
  expect(draft.targets).toEqual({ rps: "5", memory: "256Mi" });
  expect(draft.window).toBe("1m");
  expect(draft.zeroDuration).toBe("15m");
  expect(validate(draft)).toEqual({});
});

describe("patchOf", () => {
  test("nothing changed", () => expect(patchOf(draft, draft)).toBeNull());
  test("spaces are no change", () => expect(patchOf(draft, { ...draft, max: " 20 " })).toBeNull());
  test("only what differs", () => expect(patchOf(draft, { ...draft, max: "30", zero: true })).toEqual({ max: 30, zero: true }));
  test("targets by type", () => expect(patchOf(draft, { ...draft, targets: { rps: "2.5", memory: "256Mi" } })).toEqual({ targets: { rps: 2.5 } }));
  test("another signal comes with its target", () =>
    expect(patchOf(draft, { ...draft, types: ["rps", "cpu"], targets: { ...draft.targets, cpu: "700m" } })).toEqual({ type: "rps,cpu", targets: { cpu: 700 } }));
  test("a quantity of memory stays one", () =>
    expect(patchOf(draft, { ...draft, targets: { ...draft.targets, memory: "1Gi" } })).toEqual({ targets: { memory: "1Gi" } }));
});

describe("validate", () => {
  const wrong = (change: object) => Object.keys(validate({ ...draft, ...change }));
  test.each([
    ["no signal", { types: [] }, ["types"]],
    ["min above max", { min: "30" }, ["min"]],
    ["max of 0", { max: "0" }, ["max"]],
    ["a fraction of a replica", { min: "1.5" }, ["min"]],
    ["a window without a recording", { window: "2m" }, ["window"]],
    ["a target of 0", { targets: { rps: "0", memory: "256Mi" } }, ["target-rps"]],
    ["little memory", { targets: { rps: "5", memory: "100Ki" } }, ["target-memory"]],
    ["proportion above 1", { proportion: "1.1" }, ["proportion"]],
    ["no duration", { zeroDuration: "soon" }, ["zeroDuration"]],
    ["factor above 100", { factor: "101" }, ["factor"]],
    ["a minimum of 0", { min: "0" }, []],
  ])("%s", (_name, change, want) => expect(wrong(change)).toEqual(want));
});
