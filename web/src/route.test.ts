import { expect, test } from "vitest";
import { functionPath, parse } from "./route";

test.each([
  ["/ui/", "", { page: "functions" }],
  ["/ui", "", { page: "functions" }],
  ["/ui/functions", "", { page: "functions" }],
  ["/ui/functions/my.func-1", "", { page: "function", name: "my.func-1", tab: "overview" }],
  ["/ui/functions/a/logs", "", { page: "function", name: "a", tab: "logs" }],
  ["/ui/functions/a/nothing", "", { page: "unknown" }],
  ["/ui/functions/a/logs/x", "", { page: "unknown" }],
  ["/ui/deploy", "", { page: "deploy", name: "" }],
  ["/ui/deploy/a", "", { page: "deploy", name: "a" }],
  ["/ui/alerts", "", { page: "alerts" }],
  ["/ui/sign-in", "next=/ui/alerts", { page: "sign-in", next: "/ui/alerts" }],
  ["/ui/sign-in", "next=https://example.com/", { page: "sign-in", next: "/ui/" }],
  ["/ui/sign-in", "next=//example.com", { page: "sign-in", next: "/ui/" }],
  ["/ui/sign-in", "next=/ui/sign-in", { page: "sign-in", next: "/ui/" }],
])("%s?%s", (path, query, want) => expect(parse(path, query)).toEqual(want));

test("links lead back to their page", () => expect(parse(functionPath("a.b", "scaling"))).toEqual({ page: "function", name: "a.b", tab: "scaling" }));
