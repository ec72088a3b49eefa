// Calls a function and shows the answer.
import { signal, useSignal, type Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { aborted, words } from "../api/request";
import { whenSigningOut } from "../session";
import { hello } from "../stream/store";
import { Choice } from "../ui/choice";
import { CopyButton } from "../ui/command";
import { Field, TextField } from "../ui/field";
import { Note } from "../ui/note";
import { Pairs, type Pair } from "../ui/pairs";
import { AnswerView } from "./answer";
import { bodyless, curl, make, type Answer, type BodyKind, type Call } from "./call";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];

// What was typed for each function, while the page is open.
interface Draft {
  method: string;
  path: string;
  headers: Pair[];
  kind: BodyKind;
  text: string;
  later: boolean;
}
const drafts = new Map<string, Signal<Draft>>();
whenSigningOut(() => drafts.clear());

function draftOf(name: string): Signal<Draft> {
  let draft = drafts.get(name);
  if (!draft) {
    draft = signal<Draft>({ method: "POST", path: "", headers: [], kind: "text", text: "", later: false });
    drafts.set(name, draft);
    const oldest = drafts.keys().next().value;
    if (drafts.size > 20 && oldest !== undefined) drafts.delete(oldest);
  }
  return draft;
}

export function Invoke({ name }: { name: string }) {
  const draft = draftOf(name);
  const d = draft.value;
  const set = (change: Partial<Draft>) => (draft.value = { ...draft.value, ...change });
  const file = useSignal<File | null>(null);
  const answer = useSignal<Answer | null>(null);
  const error = useSignal("");
  const problem = useSignal("");
  const abort = useRef<AbortController | null>(null);
  const busy = useSignal(false);
  useEffect(() => () => abort.current?.abort(), []);

  const noBody = bodyless(d.method);
  const call = (): Call => {
    const headers: [string, string][] = d.headers.filter((p) => p.key.trim() !== "").map((p) => [p.key.trim(), p.value]);
    const typed = headers.some(([k]) => k.toLowerCase() === "content-type");
    if (!noBody && !typed && d.kind === "json") headers.unshift(["Content-Type", "application/json"]);
    if (!noBody && !typed && d.kind === "text") headers.unshift(["Content-Type", "text/plain"]);
    const body = d.kind === "file" ? file.value : d.kind === "none" ? null : d.text;
    return { method: d.later ? "POST" : d.method, path: d.path, headers, body, later: d.later };
  };

  const send = async (event?: Event) => {
    event?.preventDefault();
    if (busy.value) return;
    problem.value = bodyProblem(d, file.value, noBody);
    if (problem.value !== "") return;
    abort.current = new AbortController();
    busy.value = true;
    error.value = "";
    try {
      answer.value = await make(name, call(), abort.current.signal);
    } catch (e) {
      answer.value = null;
      error.value = aborted(e) ? "Cancelled." : words(e);
    }
    busy.value = false;
  };

  return (
    <div class="invoke">
      <form
        class="card form stack" onSubmit={send} noValidate
        onKeyDown={(e) => (e.ctrlKey || e.metaKey) && e.key === "Enter" && void send(e)}
      >
        <h2>Call</h2>
        <div class="target">
          <Field label="Method">
            {(a) => (
              <select {...a} class="input" data-testid="invoke-method" value={d.later ? "POST" : d.method} disabled={d.later} onChange={(e) => set({ method: e.currentTarget.value })}>
                {methods.map((m) => <option key={m}>{m}</option>)}
              </select>
            )}
          </Field>
          <TextField
            label="Path and query" value={d.path} onInput={(path) => set({ path })} testid="invoke-path" mono placeholder="/"
            hint={<span class="mono break">{`/${d.later ? "async-function" : "function"}/${name}${d.path}`}</span>}
          />
        </div>
        <Pairs label="Headers" noun="header" pairs={d.headers} onChange={(headers) => set({ headers })} testid="invoke-headers" placeholders={["X-Name", "value"]} />
        <div class="stack tight">
          <div class="row between wrap">
            <span class="label">Body</span>
            <Choice
              label="Kind of body" value={d.kind} onChange={(kind) => set({ kind })} testid="invoke-kind"
              options={[["none", "None"], ["text", "Text"], ["json", "JSON"], ["file", "File"]]}
            />
          </div>
          {noBody && d.kind !== "none" && !d.later
            ? <p class="hint">{d.method} sends no body.</p>
            : d.kind === "file"
              ? <input type="file" class="input" aria-label="File to send" data-testid="invoke-file" onChange={(e) => (file.value = e.currentTarget.files?.[0] ?? null)} />
              : d.kind !== "none" && (
                <textarea
                  class="input mono" aria-label="Body" data-testid="invoke-body" value={d.text} spellcheck={false} rows={7}
                  aria-invalid={problem.value !== ""} placeholder={d.kind === "json" ? '{"width": 200}' : "what the function reads from its standard input"}
                  onInput={(e) => set({ text: e.currentTarget.value })}
                />
              )}
          {problem.value !== "" && <div class="wrong">{problem.value}</div>}
        </div>
        {hello.value?.queue && (
          <label class="check">
            <input type="checkbox" checked={d.later} data-testid="invoke-async" onChange={(e) => set({ later: e.currentTarget.checked })} />
            Asynchronously: keep the call, and make it when there is room
          </label>
        )}
        <div class="row">
          <button type="submit" class="button primary" disabled={busy.value} data-testid="invoke-send">{busy.value ? "Calling…" : "Call"}</button>
          {busy.value && <button type="button" class="button" onClick={() => abort.current?.abort()}>Cancel</button>}
          <span class="grow" />
          <span class="faint small">as curl</span>
          <CopyButton label="Copy this call as a curl command" text={curl(location.origin, name, call(), d.kind === "file" || d.kind === "none" ? "" : d.text, d.kind === "file" ? (file.value?.name ?? "FILE") : "")} />
        </div>
      </form>
      <section class="card form stack" aria-label="Answer" aria-live="polite" aria-busy={busy.value}>
        {error.value !== "" ? <><h2>Answer</h2><Note kind="red">{error.value}</Note></>
          : answer.value ? <AnswerView name={name} answer={answer.value} />
          : <div class="empty"><p>The answer is shown here: its status, how long it took, its headers and its body.</p><p class="small"><kbd>Ctrl</kbd> <kbd>Enter</kbd> calls</p></div>}
      </section>
    </div>
  );
}

function bodyProblem(d: Draft, file: File | null, noBody: boolean): string {
  if (noBody && !d.later) return "";
  if (d.kind === "file" && !file) return "Choose a file.";
  if (d.kind !== "json" || d.text.trim() === "") return "";
  try {
    JSON.parse(d.text);
    return "";
  } catch (e) {
    return `This is no JSON: ${words(e)}`;
  }
}
