// Which secrets a function reads, and a way to make one. Values are sent and never shown.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { createSecret, secrets } from "../api/calls";
import { words } from "../api/request";
import { say } from "../toast";
import { Dialog } from "../ui/dialog";
import { Field, TextField } from "../ui/field";
import { Icon } from "../ui/icon";
import { secretNameError } from "./validate";

export function Secrets({ chosen, onChange }: { chosen: string[]; onChange: (names: string[]) => void }) {
  const names = useSignal<string[]>([]);
  const error = useSignal("");
  const open = useSignal(false);
  const fetchNames = () => secrets().then((all) => (names.value = all), (e) => (error.value = words(e)));
  useEffect(() => void fetchNames(), []);
  const all = [...new Set([...names.value, ...chosen])].toSorted();
  const toggle = (name: string) => onChange(chosen.includes(name) ? chosen.filter((n) => n !== name) : [...chosen, name]);
  return (
    <fieldset class="stack tight" data-testid="deploy-secrets">
      <legend class="label">Secrets</legend>
      {error.value !== "" && <div class="wrong">{error.value}</div>}
      <div class="row wrap signals">
        {all.map((name) => (
          <label key={name} class="check">
            <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} data-testid={`deploy-secret-${name}`} /> <span class="mono">{name}</span>
          </label>
        ))}
        <button type="button" class="button tiny" data-testid="deploy-secret-new" onClick={() => (open.value = true)}><Icon name="plus" size={12} /> New secret</button>
      </div>
      <p class="hint">A function reads each in a file of its name, in /var/openfaas/secrets/.</p>
      {open.value && (
        <NewSecret
          onClose={() => (open.value = false)}
          onMade={(name) => {
            open.value = false;
            names.value = [...names.value, name];
            onChange([...chosen, name]);
          }}
        />
      )}
    </fieldset>
  );
}

function NewSecret({ onClose, onMade }: { onClose: () => void; onMade: (name: string) => void }) {
  const name = useSignal("");
  const value = useSignal("");
  const error = useSignal("");
  const valueError = useSignal("");
  // Not a form of its own: it stands inside one.
  const make = async () => {
    error.value = secretNameError(name.value);
    valueError.value = value.value === "" ? "Give it a value." : "";
    if (error.value !== "" || valueError.value !== "") return;
    try {
      await createSecret(name.value, value.value);
      say(`Secret ${name.value} is kept.`);
      onMade(name.value);
    } catch (e) {
      error.value = words(e);
    }
  };
  return (
    <Dialog title="New secret" onClose={onClose} onEnter={() => void make()}>
      <TextField label="Name" value={name.value} onInput={(v) => (name.value = v)} error={error.value} testid="secret-name" mono apart />
      <Field label="Value" error={valueError.value} hint="It cannot be shown again.">
        {(a) => <textarea {...a} class="input mono short" rows={3} value={value.value} data-testid="secret-value" spellcheck={false} onInput={(e) => (value.value = e.currentTarget.value)} />}
      </Field>
      <footer>
        <button type="button" class="button" onClick={onClose}>Cancel</button>
        <button type="button" class="button primary" data-testid="secret-submit" onClick={make}>Keep</button>
      </footer>
    </Dialog>
  );
}
