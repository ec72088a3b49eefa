// The thresholds of a function: changed in place, tried on the load of the last minutes, and applied.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { preview, setScaling } from "../api/calls";
import { aborted, words } from "../api/request";
import type { FunctionScaling, Preview, Row } from "../api/types";
import { PreviewChart } from "../chart/preview";
import { compact, count, load, plural, seconds } from "../format/number";
import { span } from "../format/time";
import { guardLeaving } from "../route";
import { current, hello } from "../stream/store";
import { complain, say } from "../toast";
import { Choice } from "../ui/choice";
import { Note } from "../ui/note";
import { ScrollBox } from "../ui/scroll-box";
import { draftOf, patchOf, rebase, validate, type ScalingDraft } from "./scaling-draft";
import { ScalingFields } from "./scaling-fields";

const spans = [[300, "5 min"], [900, "15 min"], [3600, "1 h"]] as const;

export function Scaling({ row }: { row: Row }) {
  const scaling = current.value?.scaling;
  if (!scaling) return <div class="card inside-only" aria-busy="true"><i class="skeleton block" /></div>;
  return (
    <div class="stack">
      <Signals scaling={scaling} />
      <Thresholds name={row.name} scaling={scaling} />
    </div>
  );
}

function Signals({ scaling: s }: { scaling: FunctionScaling }) {
  const signals = s.signals ?? [];
  return (
    <section class="card" aria-labelledby="signals">
      <header>
        <h2 id="signals">What the rules see</h2>
        <span class="faint num">{s.wanted === null ? "what they want is not known" : `they want ${plural(s.wanted, "replica")}${s.hold !== null && s.hold > s.wanted ? `, and hold ${s.hold}` : ""}`}</span>
      </header>
      <ScrollBox label="What the rules see">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Signal</th><th scope="col" class="right">Load</th><th scope="col" class="right">Target</th>
              <th scope="col" class="right">A replica is full at</th><th scope="col" class="right">Carried now</th><th scope="col" class="right">Replicas for it</th>
            </tr>
          </thead>
          <tbody>
            {signals.map((g) => (
              <tr key={g.type}>
                <th scope="row">{g.type}</th>
                <td class="num right nowrap">{load(g.load, g.type)}</td>
                <td class="num right nowrap">{load(g.target, g.type)}</td>
                <td class="num right nowrap">{load(g.perReplica, g.type)}</td>
                <td class="num right nowrap">{load(g.capacity, g.type)}</td>
                <td class="num right"><b>{count(g.wanted)}</b></td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <dl class="why">
        <div><dt>More replicas?</dt><dd class="break">{s.more}</dd></div>
        <div><dt>Fewer?</dt><dd class="break">{s.fewer}</dd></div>
      </dl>
    </section>
  );
}

function Thresholds({ name, scaling }: { name: string; scaling: FunctionScaling }) {
  const now = draftOf(scaling.scaling);
  const nowKey = JSON.stringify(now);
  const base = useSignal(now);
  const draft = useSignal<ScalingDraft>(now);
  const elsewhere = useSignal(false);
  const tried = useSignal<{ key: string; result: Preview } | null>(null);
  const back = useSignal(900);
  const busy = useSignal<"" | "preview" | "apply">("");
  const error = useSignal("");
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const changed = patchOf(base.value, draft.value);
  // Somebody else may change them meanwhile: what is typed stays, and all else is theirs.
  useEffect(() => {
    if (JSON.stringify(base.peek()) === nowKey) return;
    elsewhere.value = patchOf(base.peek(), draft.peek()) !== null;
    draft.value = rebase(base.peek(), draft.peek(), now);
    base.value = now;
  }, [nowKey]);

  useEffect(() => {
    guardLeaving(() => patchOf(base.peek(), draft.peek()) !== null);
    return () => guardLeaving(null);
  }, []);

  const errors = validate(draft.value);
  const valid = Object.keys(errors).length === 0;
  const key = JSON.stringify([changed, back.value]);

  const reset = () => {
    draft.value = base.value;
    elsewhere.value = false;
    error.value = "";
  };
  const tryOut = async () => {
    abort.current?.abort();
    const own = new AbortController();
    abort.current = own;
    busy.value = "preview";
    error.value = "";
    try {
      tried.value = { key, result: await preview(name, back.value, changed ?? {}, own.signal) };
    } catch (e) {
      if (aborted(e)) return;
      tried.value = null;
      error.value = words(e);
    }
    busy.value = "";
  };
  const apply = async (event: Event) => {
    event.preventDefault();
    if (!changed || !valid) return;
    busy.value = "apply";
    error.value = "";
    try {
      const after = draftOf((await setScaling(name, changed)).scaling);
      base.value = draft.value = after;
      elsewhere.value = false;
      say(`The thresholds of ${name} are changed.`);
    } catch (e) {
      error.value = words(e);
      complain("Not changed", e);
    }
    busy.value = "";
  };

  return (
    <form class="card form stack" onSubmit={apply} noValidate>
      <div class="row between wrap">
        <h2>Thresholds</h2>
        <span class="faint small">a change restarts no replica, and counts until the next update of the function</span>
      </div>
      {elsewhere.value && <Note kind="amber">Somebody else has changed the thresholds meanwhile: what you did not touch is theirs now. <button type="button" class="button tiny" onClick={reset}>Show theirs</button></Note>}
      <ScalingFields draft={draft.value} errors={errors} onChange={(d) => (draft.value = d)} prefix="scaling" />
      {error.value !== "" && <Note kind="red">{error.value}</Note>}
      <div class="row wrap">
        {hello.value?.preview !== false && (
          <>
            <button type="button" class="button" disabled={!valid || busy.value !== ""} data-testid="scaling-preview" onClick={tryOut}>
              {busy.value === "preview" ? "Replaying…" : "Preview"}
            </button>
            <Choice label="With the load of the last" value={back.value} options={spans} onChange={(s) => (back.value = s)} />
          </>
        )}
        <span class="grow" />
        {changed && <button type="button" class="button bare" onClick={reset} data-testid="scaling-reset">Take back</button>}
        <button type="submit" class="button primary" disabled={!changed || !valid || busy.value !== ""} data-testid="scaling-apply">{busy.value === "apply" ? "Applying…" : "Apply"}</button>
      </div>
      {busy.value === "preview" && <div class="progress" role="status"><i /><span class="unseen">Replaying the load</span></div>}
      {tried.value && <PreviewResult preview={tried.value.result} old={tried.value.key !== key} />}
    </form>
  );
}

function PreviewResult({ preview: p, old }: { preview: Preview; old: boolean }) {
  const rows: [string, (side: Preview["before"]) => string, (side: Preview["before"]) => number][] = [
    ["Changes of the number", (s) => compact(s.changes), (s) => s.changes],
    ["Replicas × time", (s) => span(s.replicaSeconds), (s) => s.replicaSeconds],
    ["Time with more load than is carried", (s) => (s.overloadedSeconds === 0 ? "none" : span(s.overloadedSeconds)), (s) => s.overloadedSeconds],
    ["Requests that would have waited", (s) => compact(s.waited), (s) => s.waited],
  ];
  return (
    <div class="stack tight" data-testid="preview-summary">
      {old && <Note kind="amber">This preview is of other values than those above.</Note>}
      <PreviewChart preview={p} />
      <ScrollBox label="What the change would have done">
        <table class="plain">
          <thead><tr><th scope="col">With the same load</th><th scope="col" class="right">as set now</th><th scope="col" class="right">as changed</th><th scope="col" class="right">difference</th></tr></thead>
          <tbody>
            {rows.map(([label, text, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td class="num right nowrap">{text(p.before)}</td>
                <td class="num right nowrap"><b>{text(p.after)}</b></td>
                <td class="num right nowrap muted">{difference(value(p.before), value(p.after))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <p class="hint">{p.note} {p.took > 0 && `Replayed in ${seconds(p.took)}.`}</p>
    </div>
  );
}

function difference(before: number, after: number): string {
  if (before === after) return "the same";
  if (before === 0) return "more";
  const percent = Math.round(((after - before) / before) * 100);
  return percent === 0 ? "about the same" : `${percent > 0 ? "+" : "−"}${compact(Math.abs(percent))} %`;
}
