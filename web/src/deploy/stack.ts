// A deployment as an entry of a stack file, to keep beside the code.
import type { Deployment } from "../api/types";

// Plain where YAML would read it back as the same text, in quotes elsewhere.
function scalar(text: string): string {
  return /^[a-zA-Z/][-a-zA-Z0-9_./]*(:[a-zA-Z0-9][-a-zA-Z0-9_./]*)*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

export function stackYAML(d: Deployment): string {
  const lines = ["functions:", `  ${scalar(d.service || "NAME")}:`, `    image: ${scalar(d.image || "IMAGE")}`];
  const map = (name: string, entries: [string, string][]) => {
    if (entries.length === 0) return;
    lines.push(`    ${name}:`, ...entries.map(([k, v]) => `      ${scalar(k)}: ${scalar(v)}`));
  };
  const list = (name: string, items: string[] | undefined) => {
    if (items && items.length > 0) lines.push(`    ${name}:`, ...items.map((item) => `      - ${scalar(item)}`));
  };
  map("environment", [...(d.envProcess ? [["fprocess", d.envProcess] as [string, string]] : []), ...Object.entries(d.envVars ?? {})]);
  list("secrets", d.secrets);
  map("labels", Object.entries(d.labels ?? {}));
  map("annotations", Object.entries(d.annotations ?? {}));
  list("constraints", d.constraints);
  map("limits", Object.entries(d.limits ?? {}));
  map("requests", Object.entries(d.requests ?? {}));
  if (d.readOnlyRootFilesystem) lines.push("    readonly_root_filesystem: true");
  return `${lines.join("\n")}\n`;
}
