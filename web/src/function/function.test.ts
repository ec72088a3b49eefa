import { describe, expect, test } from "vitest";
import { bodyText, callPath, curl, hexDump } from "./call";
import { append, blockSize, mostBlocks } from "./log-buffer";
import { Heard, Lines, sortable, type LogLine } from "./log-stream";

const bytes = (s: string) => new TextEncoder().encode(s);

describe("calls", () => {
  test.each([
    ["", false, "/function/a"], ["/x?y=1", false, "/function/a/x?y=1"], ["x", false, "/function/a/x"], ["?y", true, "/async-function/a?y"],
  ])("path %s", (path, later, want) => expect(callPath("a", path, later)).toBe(want));
  test("JSON is put in order, other text is as it came", () => {
    expect(bodyText(bytes('{"a":1}'), "application/json").text).toBe('{\n  "a": 1\n}');
    expect(bodyText(bytes("{a"), "application/json")).toMatchObject({ text: "{a", kind: "text" });
    expect(bodyText(new Uint8Array([0xff, 0x41]), "").kind).toBe("bytes");
  });
  test("hexDump", () => expect(hexDump(bytes("hello\0"))).toBe("00000000  68 65 6c 6c 6f 00                                hello."));
  test("curl quotes", () =>
    expect(curl("http://h", "a", { method: "POST", path: "/x", headers: [["X-A", "it's"]], body: null, later: false }, "b", "")).toBe(
      `curl -i -H 'X-A: it'\\''s' --data-raw 'b' 'http://h/function/a/x'`));
  test("numbers with more digits than JavaScript has are shown as they came", () =>
    expect(bodyText(bytes('{"id":12345678901234567890}'), "application/json").text).toBe('{"id":12345678901234567890}'));
});

describe("logs", () => {
  test("lines in any pieces, and what is no JSON left out", () => {
    const lines = new Lines();
    const got = [...'{"text":"a"}\n\nhalf\n{"text":"b"}\n{"te'].flatMap((c) => lines.push(c));
    expect(got.map((m) => m.text)).toEqual(["a", "b"]);
  });
  test("times sort as texts, whatever zeros are left out", () => {
    const times = ["2026-11-28T12:00:00.51Z", "2026-11-28T12:00:00Z", "2026-11-28T12:00:00.5Z", "2026-11-28T12:00:00.500000001Z"];
    expect(times.map(sortable).toSorted().map((t) => t.slice(19))).toEqual([".000000000", ".500000000", ".500000001", ".510000000"]);
  });
  test("after a break each replica goes on from its own last line", () => {
    const line = (instance: string, timestamp: string) => ({ name: "f", namespace: "n", instance, timestamp, text: "" });
    const heard = new Heard();
    expect(heard.since()).toBe("");
    heard.note(line("a", "2026-11-28T12:00:10.5Z"));
    heard.note(line("b", "2026-11-28T12:00:09Z"));
    expect(heard.since()).toBe("2026-11-28T12:00:09.000000000Z");
    const fresh = heard.fresh();
    const late = line("b", "2026-11-28T12:00:09.1Z");
    expect([fresh(late), fresh(line("a", "2026-11-28T12:00:10.5Z")), fresh(line("c", "2026-11-28T12:00:01Z"))]).toEqual([true, false, true]);
    heard.note(late);
    expect(fresh(line("b", "2026-11-28T12:00:09.1Z"))).toBe(true); // a second line of the same time, on the same connection
    heard.note(line("a", "2026-11-28T13:00:00Z"));
    expect(heard.since()).toBe("2026-11-28T12:59:00.000000000Z"); // one that says nothing does not bring all back
  });
  test("the buffer is bounded and full blocks stay the same", () => {
    const line = (id: number) => ({ id, name: "a", instance: "i", timestamp: "", text: "" }) as LogLine;
    let blocks = append([], Array.from({ length: blockSize }, (_, i) => line(i)));
    const first = blocks[0];
    blocks = append(blocks, [line(1000)]);
    expect(blocks[0]).toBe(first);
    for (let i = 0; i < 50; i++) blocks = append(blocks, Array.from({ length: 77 }, (_, j) => line(i * 77 + j)));
    expect(blocks).toHaveLength(mostBlocks);
    expect(blocks.slice(0, -1).every((b) => b.lines.length === blockSize)).toBe(true);
    expect(new Set(blocks.map((b) => b.id)).size).toBe(mostBlocks);
  });
});
