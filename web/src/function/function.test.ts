import { describe, expect, test } from "vitest";
import { bodyText, callPath, curl, hexDump } from "./call";
import { append, blockSize, mostBlocks } from "./log-buffer";
import { Lines, type LogLine } from "./log-stream";

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
      `curl -i -H 'X-A: it'\\''s' --data-binary 'b' 'http://h/function/a/x'`));
});

describe("logs", () => {
  test("lines in any pieces, and what is no JSON left out", () => {
    const lines = new Lines();
    const got = [...'{"text":"a"}\n\nhalf\n{"text":"b"}\n{"te'].flatMap((c) => lines.push(c));
    expect(got.map((m) => m.text)).toEqual(["a", "b"]);
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
