// What can be done with a function: scale, freeze, change, remove.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { remove, scale, unfreeze } from "../api/calls";
import { words } from "../api/request";
import type { Row } from "../api/types";
import { plural } from "../format/number";
import { whole } from "../format/parse";
import { base, deployPath, go } from "../route";
import { hello } from "../stream/store";
import { complain, say } from "../toast";
import { Dialog } from "../ui/dialog";
import { TextField } from "../ui/field";
import { Icon } from "../ui/icon";
import { Note } from "../ui/note";
import { FreezeDialog } from "./freeze";

export function Actions({ row }: { row: Row }) {
  const open = useSignal<"" | "scale" | "freeze" | "remove">("");
  const close = () => (open.value = "");
  const thaw = () =>
    unfreeze(row.name).then(() => say(`Alerts scale ${row.name} again.`), (e) => complain(`${row.name} is still frozen`, e));
  return (
    <div class="row wrap actions">
      <button type="button" class="button" data-testid="scale" onClick={() => (open.value = "scale")}><Icon name="scale" /> Scale</button>
      {hello.value?.freeze !== false && (row.frozen
        ? <button type="button" class="button" data-testid="unfreeze" onClick={thaw}><Icon name="play" /> Unfreeze</button>
        : <button type="button" class="button" data-testid="freeze" onClick={() => (open.value = "freeze")}><Icon name="frozen" /> Freeze</button>)}
      <a class="button" href={deployPath(row.name)} data-testid="update"><Icon name="edit" /> Update</a>
      <button type="button" class="button danger" data-testid="remove" onClick={() => (open.value = "remove")}><Icon name="bin" /> Remove</button>
      {open.value === "scale" && <ScaleDialog row={row} onClose={close} />}
      {open.value === "freeze" && <FreezeDialog name={row.name} onClose={close} />}
      {open.value === "remove" && <RemoveDialog row={row} onClose={close} />}
    </div>
  );
}

function ScaleDialog({ row, onClose }: { row: Row; onClose: () => void }) {
  const value = useSignal(String(row.desired));
  const error = useSignal("");
  const busy = useSignal(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    const n = whole(value.value);
    if (Number.isNaN(n)) error.value = "Write a whole number.";
    else if (n !== 0 && (n < row.min || n > row.max)) error.value = `Between ${row.min} and ${row.max}, or 0. The bounds are on the page Scaling.`;
    else {
      busy.value = true;
      try {
        await scale(row.name, n);
        say(`${row.name} is scaled from ${row.desired} to ${n}.`);
        onClose();
      } catch (e) {
        error.value = words(e);
      }
      busy.value = false;
    }
  };
  return (
    <Dialog title={`Scale ${row.name}`} onClose={onClose}>
      <form class="bare-form" onSubmit={submit} noValidate>
        <TextField
          label="Replicas" value={value.value} onInput={(v) => (value.value = v)} error={error.value} testid="scale-input" numeric
          hint={`${row.desired} now, between ${row.min} and ${row.max}. 0 lets it sleep until it is called.`}
        />
        <p class="muted">
          {row.frozen ? "The function is frozen, so the number stays." : "The rules go on: they change the number again when the load asks for it. Freeze the function to keep it."}
        </p>
        <footer>
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button primary" disabled={busy.value} data-testid="scale-submit">Scale</button>
        </footer>
      </form>
    </Dialog>
  );
}

function RemoveDialog({ row, onClose }: { row: Row; onClose: () => void }) {
  const error = useSignal("");
  const busy = useSignal(false);
  const shown = useRef(true);
  useEffect(() => () => void (shown.current = false), []);
  const confirm = async () => {
    busy.value = true;
    try {
      await remove(row.name);
      say(`${row.name} is removed.`);
      if (shown.current) go(base); // else the user has gone on
    } catch (e) {
      error.value = words(e);
      busy.value = false;
    }
  };
  return (
    <Dialog title={`Remove ${row.name}?`} onClose={onClose}>
      {error.value !== "" && <Note kind="red">{error.value}</Note>}
      <ul class="losses">
        <li>{row.desired === 0 ? "It has no replicas now." : `Its ${plural(row.desired, "replica")} will stop${row.inFlight ? `, and ${plural(Math.round(row.inFlight), "request")} in flight may be cut off` : ""}.`}</li>
        <li>Calls get 404 from then on.</li>
        <li>Its configuration is lost: image, environment, labels and thresholds.</li>
        <li>Secrets are kept.</li>
      </ul>
      <footer>
        <button type="button" class="button" onClick={onClose} autoFocus>Keep it</button>
        <button type="button" class="button danger primary" disabled={busy.value} onClick={confirm} data-testid="remove-confirm">{busy.value ? "Removing…" : "Remove"}</button>
      </footer>
    </Dialog>
  );
}
