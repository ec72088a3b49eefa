// The fields of the form, in the order in which they matter.
import type { Signal } from "@preact/signals";
import { ScalingFields } from "../function/scaling-fields";
import { hello } from "../stream/store";
import { Field, TextField } from "../ui/field";
import { Pairs } from "../ui/pairs";
import type { Draft } from "./draft";
import { Secrets } from "./secrets";
import type { Errors } from "./validate";

interface Props {
  draft: Signal<Draft>;
  found: Errors;
  strict: boolean;
  fixedName: boolean;
}

const none: Errors = { env: {}, labels: {}, annotations: {}, scaling: {} };

export function DeployFields({ draft, found, strict, fixedName }: Props) {
  const d = draft.value;
  const set = (change: Partial<Draft>) => (draft.value = { ...draft.value, ...change });
  // Before sending was tried, only what was typed is judged, and not what is still empty.
  const e: Errors = strict ? found : {
    ...none, env: found.env, labels: found.labels, scaling: found.scaling,
    ...(d.name !== "" && found.name ? { name: found.name } : {}),
    ...(d.image !== "" && found.image ? { image: found.image } : {}),
    ...pick(found, ["limitMemory", "limitCPU", "requestMemory", "requestCPU"]),
  };
  const local = hello.value?.orchestration === "local";
  return (
    <div class="stack">
      <section class="card form stack" aria-labelledby="what">
        <h2 id="what">What to run</h2>
        <div class="fields wide">
          <TextField label="Name" value={d.name} onInput={(name) => set({ name })} error={e.name} testid="deploy-name" disabled={fixedName} mono placeholder="resize" hint="also its address, /function/NAME" />
          <TextField label="Image" value={d.image} onInput={(image) => set({ image })} error={e.image} testid="deploy-image" mono placeholder="example/resize:1.0" hint={local ? "only a name here: the command runs on this machine" : "with a watchdog inside; it is pulled where it is not there"} />
        </div>
        <TextField label="Command" value={d.process} onInput={(process) => set({ process })} testid="deploy-process" mono placeholder={local ? "tr a-z A-Z" : "that of the image"} hint="what the watchdog starts for each request" />
        <Pairs label="Environment" noun="variable" pairs={d.env} onChange={(env) => set({ env })} errors={e.env} testid="deploy-env" />
        {hello.value?.secrets !== false && <Secrets chosen={d.secrets} onChange={(secrets) => set({ secrets })} />}
      </section>
      <section class="card form stack" aria-labelledby="how">
        <h2 id="how">Scaling</h2>
        <ScalingFields draft={d.scaling} errors={e.scaling} onChange={(scaling) => set({ scaling })} prefix="deploy" />
      </section>
      <section class="card form stack" aria-labelledby="bounds">
        <h2 id="bounds">Resources of one replica</h2>
        <div class="fields">
          <TextField label="Memory, at most" value={d.limitMemory} onInput={(limitMemory) => set({ limitMemory })} error={e.limitMemory} testid="deploy-limit-memory" mono placeholder="128Mi" />
          <TextField label="CPU, at most" value={d.limitCPU} onInput={(limitCPU) => set({ limitCPU })} error={e.limitCPU} testid="deploy-limit-cpu" mono placeholder="500m" />
          <TextField label="Memory, reserved" value={d.requestMemory} onInput={(requestMemory) => set({ requestMemory })} error={e.requestMemory} testid="deploy-request-memory" mono placeholder="none" />
          <TextField label="CPU, reserved" value={d.requestCPU} onInput={(requestCPU) => set({ requestCPU })} error={e.requestCPU} testid="deploy-request-cpu" mono placeholder="none" />
        </div>
        <label class="check">
          <input type="checkbox" checked={d.readOnly} data-testid="deploy-read-only" onChange={(ev) => set({ readOnly: ev.currentTarget.checked })} /> Read-only root file system
        </label>
      </section>
      <section class="card form stack" aria-labelledby="other">
        <h2 id="other">Labels and placement</h2>
        <Pairs label="Labels" noun="label" pairs={d.labels} onChange={(labels) => set({ labels })} errors={e.labels} testid="deploy-labels" placeholders={["com.example.team", "images"]} />
        <Pairs label="Annotations" noun="annotation" pairs={d.annotations} onChange={(annotations) => set({ annotations })} errors={e.annotations} testid="deploy-annotations" placeholders={["topic", "value"]} />
        <Field label="Constraints" hint="one a line: where replicas may run">
          {(a) => (
            <textarea {...a} class="input mono short" rows={2} value={d.constraints} placeholder="node.role == worker" data-testid="deploy-constraints" spellcheck={false} onInput={(ev) => set({ constraints: ev.currentTarget.value })} />
          )}
        </Field>
      </section>
    </div>
  );
}

function pick(errors: Errors, keys: ("limitMemory" | "limitCPU" | "requestMemory" | "requestCPU")[]): Partial<Errors> {
  return Object.fromEntries(keys.filter((k) => errors[k]).map((k) => [k, errors[k]]));
}
