// The fields of how a function scales, for its page and for the form that deploys one.
import { Field, TextField } from "../ui/field";
import { defaults, signalTypes, signalWords, windows, type ScalingDraft, type ScalingErrors, type SignalType } from "./scaling-draft";

interface Props {
  draft: ScalingDraft;
  errors: ScalingErrors;
  onChange: (draft: ScalingDraft) => void;
  /** Before the hooks for tests: scaling or deploy. */
  prefix: string;
}

export function ScalingFields({ draft: d, errors, onChange, prefix }: Props) {
  const set = (change: Partial<ScalingDraft>) => onChange({ ...d, ...change });
  const toggle = (t: SignalType) => {
    const types = d.types.includes(t) ? d.types.filter((x) => x !== t) : [...d.types, t];
    set({ types, targets: { ...d.targets, [t]: d.targets[t] ?? defaults.targets[t] ?? "" } });
  };
  const id = (field: string) => `${prefix}-${field}`;
  return (
    <div class="stack">
      <fieldset class="stack tight">
        <legend class="label">Load to follow</legend>
        <div class="row wrap signals">
          {signalTypes.map((t) => (
            <label key={t} class="check">
              <input type="checkbox" checked={d.types.includes(t)} onChange={() => toggle(t)} data-testid={id(`type-${t}`)} /> {signalWords[t].name}
            </label>
          ))}
        </div>
        {errors.types && <div class="wrong" role="alert">{errors.types}</div>}
        {d.types.length > 1 && <p class="hint">The largest wish of them wins.</p>}
      </fieldset>
      <div class="fields">
        {d.types.map((t, i) => (
          <TextField
            key={t} label={d.types.length > 1 ? `Target, ${signalWords[t].name}` : "Target"} value={d.targets[t] ?? ""} mono
            onInput={(v) => set({ targets: { ...d.targets, [t]: v } })} error={errors[`target-${t}`]} numeric={t !== "memory"}
            testid={id(i === 0 ? "target" : `target-${t}`)} hint={`${signalWords[t].unit} that one replica should carry`}
          />
        ))}
        <TextField label="Minimum" value={d.min} onInput={(min) => set({ min })} error={errors.min} testid={id("min")} numeric mono hint="replicas at least" />
        <TextField label="Maximum" value={d.max} onInput={(max) => set({ max })} error={errors.max} testid={id("max")} numeric mono hint="replicas at most" />
        <Field label="Down window" error={errors.window} hint="the largest need of so long is kept">
          {(a) => (
            <select {...a} class="input" data-testid={id("window")} value={d.window} onChange={(e) => set({ window: e.currentTarget.value })}>
              {windows.map((w) => <option key={w}>{w}</option>)}
            </select>
          )}
        </Field>
        <div class="field">
          <span class="label">To zero</span>
          <label class="check">
            <input type="checkbox" checked={d.zero} data-testid={id("zero")} onChange={(e) => set({ zero: e.currentTarget.checked })} /> Sleep when nothing arrives
          </label>
        </div>
        {d.zero && (
          <TextField
            label="Sleep after" value={d.zeroDuration} onInput={(zeroDuration) => set({ zeroDuration })} error={errors.zeroDuration}
            testid={id("zeroDuration")} mono hint="without a call, such as 15m"
          />
        )}
      </div>
      <details class="more" open={Boolean(errors.proportion || errors.slots || errors.factor) || undefined}>
        <summary>More: proportion, slots, step</summary>
        <div class="fields">
          <TextField label="Proportion" value={d.proportion} onInput={(proportion) => set({ proportion })} error={errors.proportion} testid={id("proportion")} numeric mono hint="the share of the target that is planned for" />
          <TextField label="Slots" value={d.slots} onInput={(slots) => set({ slots })} error={errors.slots} testid={id("slots")} numeric mono hint="requests that one replica takes at once; 0: any number" />
          <TextField label="Step" value={d.factor} onInput={(factor) => set({ factor })} error={errors.factor} testid={id("factor")} numeric mono hint="of classic alerts, in percent of the maximum; 0: off" />
        </div>
      </details>
    </div>
  );
}
