// Freezing: a silence on the alerts that scale a function.
import { useSignal } from "@preact/signals";
import { freeze } from "../api/calls";
import { words } from "../api/request";
import { parseDuration } from "../format/time";
import { say } from "../toast";
import { Choice } from "../ui/choice";
import { Dialog } from "../ui/dialog";
import { Field, TextField } from "../ui/field";

const durations = [["15m", "15 min"], ["1h", "1 h"], ["8h", "8 h"], ["24h", "1 d"]] as const;

export function freezeError(duration: string): string {
  const s = parseDuration(duration.trim());
  if (Number.isNaN(s)) return "Write a duration, such as 1h30m.";
  return s >= 1 && s <= 366 * 86400 ? "" : "From 1s to a year.";
}

export function FreezeDialog({ name, names, onClose }: { name: string; names?: readonly string[]; onClose: () => void }) {
  const chosen = useSignal(name);
  const duration = useSignal("1h");
  const comment = useSignal("");
  const error = useSignal("");
  const durationError = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    durationError.value = freezeError(duration.value);
    if (durationError.value !== "") return;
    if (chosen.value === "") {
      error.value = "Choose a function.";
      return;
    }
    busy.value = true;
    try {
      await freeze(chosen.value, duration.value.trim(), comment.value.trim());
      say(`${chosen.value} is frozen for ${duration.value.trim()}.`);
      onClose();
    } catch (e) {
      error.value = words(e);
    }
    busy.value = false;
  };
  return (
    <Dialog title={names ? "Freeze a function" : `Freeze ${name}`} onClose={onClose}>
      <form class="bare-form" onSubmit={submit} noValidate>
        <p class="muted">A silence keeps alerts from changing the number of replicas. Calls still wake the function, and it can be scaled by hand.</p>
        {names && (
          <Field label="Function" error={error.value}>
            {(a) => (
              <select {...a} class="input" data-testid="freeze-function" value={chosen.value} onChange={(e) => (chosen.value = e.currentTarget.value)}>
                <option value="">Choose…</option>
                {names.map((n) => <option key={n} value={n}>{n}</option>)}
              </select>
            )}
          </Field>
        )}
        <div class="row wrap">
          <Choice label="For how long" value={duration.value} options={durations} onChange={(d) => (duration.value = d)} />
        </div>
        <TextField label="For" value={duration.value} onInput={(v) => (duration.value = v)} testid="freeze-for" error={durationError.value} />
        <TextField label="Comment" value={comment.value} onInput={(v) => (comment.value = v)} testid="freeze-comment" placeholder="why, for the others" error={names ? "" : error.value} />
        <footer>
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button primary" disabled={busy.value} data-testid="freeze-submit">Freeze</button>
        </footer>
      </form>
    </Dialog>
  );
}
