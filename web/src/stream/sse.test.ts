import { describe, expect, test } from "vitest";
import { Parser, type Message } from "./sse";

function parse(...pieces: string[]): Message[] {
  const got: Message[] = [];
  const parser = new Parser((m) => got.push(m));
  for (const p of pieces) parser.push(p);
  return got;
}

const text = 'event: hello\r\ndata: {"a":1}\r\n\r\n: a comment\n\nid: 7\nevent:functions\ndata:{"rows":[]}\n\ndata: one\ndata: two\n\n';
const want = [
  { event: "hello", data: '{"a":1}' },
  { event: "functions", data: '{"rows":[]}' },
  { event: "message", data: "one\ntwo" },
];

describe("Parser", () => {
  test("all at once", () => expect(parse(text)).toEqual(want));
  test("a letter at a time", () => expect(parse(...text)).toEqual(want));
  test("cut anywhere", () => {
    for (let i = 0; i <= text.length; i++) expect(parse(text.slice(0, i), text.slice(i))).toEqual(want);
  });
  test("lines that end in a return alone", () => expect(parse("data: x\r\r")).toEqual([{ event: "message", data: "x" }]));
  test("what is not finished is not given out", () => expect(parse("event: a\ndata: b\n")).toEqual([]));
  test("an event without data is none, and its name does not stay", () =>
    expect(parse("event: a\n\ndata: b\n\n")).toEqual([{ event: "message", data: "b" }]));
});
