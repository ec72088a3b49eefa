// Deploys a function, or updates the one that the path names.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { deploy, describe, update } from "../api/calls";
import { words } from "../api/request";
import { functionPath, go, guardLeaving } from "../route";
import { endedSession, whenSigningOut } from "../session";
import { hello, table } from "../stream/store";
import { say } from "../toast";
import { Command } from "../ui/command";
import { Note } from "../ui/note";
import { deploymentOf, draftFrom, emptyDraft, type Draft } from "./draft";
import { DeployFields } from "./fields";
import { stackYAML } from "./stack";
import { anyError, validate } from "./validate";

// What was typed when the session ended.
let kept: { name: string; draft: Draft; began: string } | null = null;
whenSigningOut(() => (kept = null));

export function Deploy({ name }: { name: string }) {
  const draft = useSignal<Draft>(emptyDraft());
  const began = useSignal("");
  const loaded = useSignal(name === "");
  const error = useSignal("");
  // Errors are shown once sending was tried, or the field was left; then they go as soon as they are mended.
  const strict = useSignal(false);
  const busy = useSignal(false);

  const shown = useRef(true);
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
      kept = endedSession.peek() && changed.peek() ? { name, draft: draft.peek(), began: began.peek() } : null;
    };
  }, []);

  useEffect(() => {
    if (kept?.name === name) {
      draft.value = kept.draft;
      began.value = kept.began;
      loaded.value = true;
      kept = null;
      return;
    }
    if (name === "") {
      began.value = JSON.stringify(draft.peek());
      return;
    }
    describe(name).then((s) => {
      draft.value = draftFrom(s);
      began.value = JSON.stringify(draft.peek());
      loaded.value = true;
    }, (e) => (error.value = words(e)));
  }, [name]);

  const changed = useComputed(() => began.value !== "" && JSON.stringify(draft.value) !== began.value);
  useEffect(() => {
    guardLeaving(() => changed.peek());
    return () => guardLeaving(null);
  }, []);

  const found = validate(draft.value, name === "" ? table.names.value : null);
  const submit = async (event: Event) => {
    event.preventDefault();
    strict.value = true;
    error.value = "";
    if (anyError(found)) {
      // After the errors are drawn, the first wrong field has the focus.
      setTimeout(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    busy.value = true;
    try {
      const d = deploymentOf(draft.value);
      await (name === "" ? deploy(d) : update(d));
      say(name === "" ? `${d.service} is deployed.` : `${name} is updated: its replicas are replaced one after the other.`);
      if (!shown.current) return; // the user has gone on
      guardLeaving(null);
      go(functionPath(d.service));
    } catch (e) {
      error.value = words(e);
    }
    busy.value = false;
  };

  return (
    <div class="deploy stack">
      <div>
        <h1>{name === "" ? "Deploy a function" : `Update ${name}`}</h1>
        <p class="muted">
          {name === ""
            ? "Any program that reads its standard input and writes its standard output, in an image."
            : "All that was deployed is said anew. The number of replicas stays, and they are replaced without a failed request."}
        </p>
      </div>
      {!loaded.value && error.value === "" && <i class="skeleton block" />}
      {!loaded.value && error.value !== "" && <Note kind="red">{error.value}</Note>}
      {loaded.value && (
        <div class="columns">
          <form class="stack" onSubmit={submit} noValidate aria-label={name === "" ? "Deploy a function" : `Update ${name}`}>
            <DeployFields draft={draft} found={found} strict={strict.value} fixedName={name !== ""} />
            {error.value !== "" && <Note kind="red">{error.value}</Note>}
            {strict.value && anyError(found) && <Note kind="red">Some fields need a look: each says what.</Note>}
            <div class="row submit">
              <button type="submit" class="button primary" disabled={busy.value || hello.value === null} data-testid="deploy-submit">
                {busy.value ? "Sending…" : name === "" ? "Deploy" : "Update"}
              </button>
              <a class="button" href={name === "" ? "/ui/" : functionPath(name)}>Cancel</a>
            </div>
          </form>
          <aside class="as-file stack tight" aria-labelledby="as-file">
            <h2 id="as-file">As stack.yml</h2>
            <p class="hint">The same function in a file, to keep beside its code.</p>
            <Command text={stackYAML(deploymentOf(draft.value))} label="Copy the entry of stack.yml" />
          </aside>
        </div>
      )}
    </div>
  );
}
