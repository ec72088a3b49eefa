import { describe, expect, test } from "vitest";
import type { FunctionsEvent, Row } from "../api/types";
import { Table } from "./table";

const now = 1_700_000_000_000;

function row(name: string, more: Partial<Row> = {}): Row {
  return {
    name, image: "i", desired: 1, ready: 1, min: 1, max: 20, state: "ready", stateText: "ready", blocked: "", frozen: null,
    rps: 1, inFlight: 0, p50: null, p99: null, errors: 0, held: 0, invocations: 0, target: "5 rps", signals: [], ...more,
  };
}

const event = (e: Partial<FunctionsEvent>): FunctionsEvent => ({ now, full: false, rows: [], removed: [], ...e });

describe("Table", () => {
  test("full replaces all", () => {
    const t = new Table();
    t.apply(event({ full: true, rows: [row("b"), row("a")] }));
    expect(t.names.value).toEqual(["a", "b"]);
    t.apply(event({ full: true, rows: [row("b"), row("c")] }));
    expect(t.names.value).toEqual(["b", "c"]);
    expect(t.loaded.value).toBe(true);
  });

  test("rows are replaced by name, and others stay", () => {
    const t = new Table();
    t.apply(event({ full: true, rows: [row("a"), row("b")] }));
    const b = t.entries.get("b")?.row;
    const before = b?.value;
    t.apply(event({ rows: [row("a", { ready: 0 })] }));
    expect(t.entries.get("a")?.row.value.ready).toBe(0);
    expect(b?.value).toBe(before);
  });

  test("removed ones go, new ones come, null lists are empty", () => {
    const t = new Table();
    t.apply(event({ full: true, rows: [row("a")] }));
    t.apply(event({ rows: [row("z", { spark: [4] })], removed: ["a", "never"] }));
    expect(t.names.value).toEqual(["z"]);
    expect(t.entries.get("z")?.spark.means[59]).toBe((4 + 1) / 2); // what was sent, and the rate of now
    t.apply(event({ rows: null, removed: null }));
    expect(t.names.value).toEqual(["z"]);
  });

  test("an event without rows moves sparklines on and draws nothing else", () => {
    const t = new Table();
    t.apply(event({ full: true, rows: [row("a", { rps: 3 })] }));
    const version = t.version.value;
    const step = t.step.value;
    t.apply(event({ now: now + 5000 }));
    expect(t.version.value).toBe(version);
    expect(t.step.value).toBe(step + 1);
    expect(t.entries.get("a")?.spark.means[59]).toBe(3);
  });

  test("the spark is no part of the row", () => {
    const t = new Table();
    t.apply(event({ full: true, rows: [row("a", { spark: [1] })] }));
    expect("spark" in (t.entries.get("a")?.row.value ?? {})).toBe(false);
  });
});
