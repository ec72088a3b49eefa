// How a function was deployed.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { describe } from "../api/calls";
import { words } from "../api/request";
import type { FunctionStatus, Row } from "../api/types";
import { bytes, count, millicores } from "../format/number";
import { deployPath } from "../route";
import { current } from "../stream/store";
import { CopyButton } from "../ui/command";
import { Note } from "../ui/note";
import { Ago } from "../ui/time";

export function Configuration({ row }: { row: Row }) {
  const fetched = useSignal<FunctionStatus | null>(null);
  const error = useSignal("");
  // The stream has no usage, since it costs a measurement.
  useEffect(() => {
    describe(row.name, true).then((s) => (fetched.value = s), (e) => (error.value = words(e)));
  }, [row.name]);
  const s = current.value?.status ?? fetched.value;
  if (!s) return error.value === "" ? <div class="card inside-only" aria-busy="true"><i class="skeleton block" /></div> : <Note kind="red">{error.value}</Note>;
  const usage = fetched.value?.usage;
  return (
    <div class="stack">
      <section class="card" aria-labelledby="deployment">
        <header><h2 id="deployment">Deployment</h2><a class="button" href={deployPath(row.name)}>Update</a></header>
        <dl class="facts inside">
          <Fact name="Image"><span class="mono break">{s.image || "–"}</span> {s.image && <CopyButton text={s.image} label="Copy the image" />}</Fact>
          <Fact name="Command">{s.envProcess ? <code class="break">{s.envProcess}</code> : <span class="faint">that of the image</span>}</Fact>
          <Fact name="Deployed"><Ago at={s.createdAt} /></Fact>
          <Fact name="Invocations"><span class="num">{count(s.invocationCount)}</span> <span class="faint">finished by this gateway</span></Fact>
          <Fact name="Limits">{resources(s.limits)}</Fact>
          <Fact name="Reserved">{resources(s.requests)}</Fact>
          <Fact name="Uses now">{usage ? <span class="num">{millicores(usage.cpu)} cpu, {bytes(usage.totalMemoryBytes)} in all replicas</span> : <span class="faint">not known</span>}</Fact>
          <Fact name="Root file system">{s.readOnlyRootFilesystem ? "read only" : "writable"}</Fact>
          <Fact name="Placement">{s.constraints?.length ? <code class="break">{s.constraints.join(", ")}</code> : <span class="faint">any node</span>}</Fact>
          <Fact name="Secrets">{s.secrets?.length ? s.secrets.join(", ") : <span class="faint">none</span>}</Fact>
        </dl>
      </section>
      <Map title="Environment" map={s.envVars} none="No variables." />
      <Map title="Labels" map={s.labels} none="No labels: all defaults." />
      <Map title="Annotations" map={s.annotations} none="No annotations." />
    </div>
  );
}

function resources(r?: { cpu?: string; memory?: string }): ComponentChildren {
  const parts = [r?.cpu && `${r.cpu} cpu`, r?.memory && `${r.memory} memory`].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : <span class="faint">none</span>;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return <div><dt>{name}</dt><dd class="row wrap">{children}</dd></div>;
}

function Map({ title, map, none }: { title: string; map: Record<string, string> | undefined; none: string }) {
  const entries = Object.entries(map ?? {}).toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <section class="card" aria-label={title}>
      <header><h2>{title}</h2><span class="faint num">{entries.length || ""}</span></header>
      {entries.length === 0
        ? <p class="inside faint">{none}</p>
        : <dl class="facts inside mono">{entries.map(([k, v]) => <div key={k}><dt class="break">{k}</dt><dd class="break">{v}</dd></div>)}</dl>}
    </section>
  );
}
