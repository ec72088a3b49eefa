import { describe, expect, test } from "vitest";
import type { FunctionStatus } from "../api/types";
import { deploymentOf, draftFrom, emptyDraft, scalingFrom, scalingLabels, scalingPrefix } from "./draft";
import { stackYAML } from "./stack";
import { anyError, cpuError, memoryError, nameError, secretNameError, validate } from "./validate";

const draft = (change: object) => ({ ...emptyDraft(), name: "a", image: "example/a", ...change });

describe("validate", () => {
  test("a name and an image are enough", () => expect(anyError(validate(draft({}), []))).toBe(false));
  test("an existing name", () => expect(validate(draft({}), ["a"]).name).toMatch(/update/));
  test("an update has an existing name", () => expect(validate(draft({}), null).name).toBeUndefined());
  test("a command can stand in the place of an image", () => expect(validate(draft({ image: "", process: "cat" }), []).image).toBeUndefined());
  test("neither", () => expect(validate(draft({ image: "" }), []).image).toMatch(/image/));
  test("errors stand at their line", () => {
    const e = validate(draft({ env: [{ key: "A", value: "1" }, { key: "", value: "" }, { key: "A", value: "2" }, { key: "", value: "x" }, { key: "a=b", value: "" }] }), []);
    expect(Object.keys(e.env)).toEqual(["2", "3", "4"]);
  });
  test("scaling labels have fields", () => expect(Object.keys(validate(draft({ labels: [{ key: "com.openfaas.scale.min", value: "2" }] }), []).labels)).toEqual(["0"]));
  test.each([["resize", true], ["a.b-c_d", true], ["-a", false], ["a b", false], ["x".repeat(64), false], ["a.openfaas-fn", false], ["", false]])("name %s", (name, good) =>
    expect(nameError(name) === "").toBe(good));
  test.each([["api-key", true], ["a-", false], ["", false]])("secret %s", (name, good) => expect(secretNameError(name) === "").toBe(good));
  test("quantities", () => {
    expect([memoryError(""), memoryError("128Mi"), cpuError("0.5"), cpuError("100m")]).toEqual(["", "", "", ""]);
    expect(memoryError("128 MB")).not.toBe("");
    expect(cpuError("half")).not.toBe("");
  });
});

describe("scaling labels", () => {
  test("defaults need none", () => expect(scalingLabels(emptyDraft().scaling)).toEqual({}));
  test("there and back", () => {
    const labels = {
      "com.openfaas.scale.type": "cpu,rps", "com.openfaas.scale.target": "700", "com.openfaas.scale.target.rps": "50", "com.openfaas.scale.max": "30",
      "com.openfaas.scale.down.window": "5m", "com.openfaas.scale.zero": "true", "com.openfaas.scale.zero-duration": "10m",
    };
    const { scaling, others } = scalingFrom({ ...labels, team: "images" });
    expect(others).toEqual({ team: "images" });
    expect(scaling.targets.cpu).toBe("700");
    expect(scalingLabels(scaling)).toEqual(labels);
  });
  test("a window in other words is the same one", () => expect(scalingFrom({ "com.openfaas.scale.down.window": "1m0s" }).scaling.window).toBe("1m"));
});

test("an update sends again all that was deployed", () => {
  const status: FunctionStatus = {
    name: "resize", image: "example/resize:1", envProcess: "node x.js", envVars: { A: "1" }, constraints: ["node.role == worker"], secrets: ["s"],
    labels: { "com.openfaas.scale.max": "5", team: "images" }, annotations: { topic: "t" }, limits: { memory: "128Mi" }, requests: { cpu: "100m" }, readOnlyRootFilesystem: true,
    invocationCount: 0, replicas: 1, availableReplicas: 1, createdAt: "2026-11-22T20:30:00Z",
  };
  expect(deploymentOf(draftFrom(status))).toEqual({
    service: "resize", image: "example/resize:1", envProcess: "node x.js", envVars: { A: "1" }, constraints: ["node.role == worker"], secrets: ["s"],
    labels: { "com.openfaas.scale.max": "5", team: "images" }, annotations: { topic: "t" }, limits: { memory: "128Mi" }, requests: { cpu: "100m" }, readOnlyRootFilesystem: true,
  });
});

test("stackYAML quotes what YAML would read otherwise", () => {
  const yaml = stackYAML({ service: "a", image: "example/a:1.0", envProcess: "tr a-z A-Z", labels: { "com.openfaas.scale.max": "5", on: "true" } });
  expect(yaml).toBe(`functions:
  a:
    image: example/a:1.0
    environment:
      fprocess: "tr a-z A-Z"
    labels:
      com.openfaas.scale.max: "5"
      "on": "true"
`);
});

test("labels that mean the same are shown as the form has them", () => {
  const of = (labels: Record<string, string>) => scalingFrom(Object.fromEntries(Object.entries(labels).map(([k, v]) => [scalingPrefix + k, v]))).scaling;
  expect(of({ min: "30" })).toMatchObject({ min: "30", max: "30" });
  expect(of({ "down.window": "60s" }).window).toBe("1m");
  expect(of({ "down.window": "30" }).window).toBe("30s");
});
