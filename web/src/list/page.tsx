// All functions: a filter, a summary and the table.
import { useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Row } from "../api/types";
import { plural, rate, share } from "../format/number";
import { deployPath } from "../route";
import { control, table } from "../stream/store";
import { Choice } from "../ui/choice";
import { Icon } from "../ui/icon";
import { Note } from "../ui/note";
import { filter, group } from "./filter";
import { FirstVisit } from "./first-visit";
import { filterWords, inGroup, type Group } from "./sort";
import { FunctionTable } from "./table";

const groupNames: [Group, string][] = [
  ["ready", "Ready"], ["changing", "Scaling"], ["zero", "At zero"], ["full", "Full"], ["trouble", "In trouble"], ["frozen", "Frozen"],
];

export function Functions() {
  const loaded = table.loaded.value;
  if (loaded && table.names.value.length === 0) return <FirstVisit />;
  return (
    <div class="stack">
      <div class="row between wrap">
        <div>
          <h1>Functions</h1>
          <Summary />
        </div>
        <a class="button primary to-deploy" href={deployPath()}><Icon name="plus" /> Deploy a function</a>
      </div>
      <Troubles />
      <div class="row between wrap toolbar">
        <Filter />
        <Groups />
      </div>
      {loaded ? <FunctionTable words={filterWords(filter.value)} group={group.value} /> : <Loading />}
    </div>
  );
}

function rows(): Row[] {
  void table.version.value;
  return [...table.entries.values()].map((e) => e.row.peek());
}

function Summary() {
  const text = useComputed(() => {
    if (!table.loaded.value) return "Loading…";
    let ready = 0, rps = 0, errors = 0, known = false;
    const all = rows();
    for (const r of all) {
      ready += r.ready;
      if (r.rps !== null) {
        known = true;
        rps += r.rps;
        errors += r.rps * (r.errors ?? 0);
      }
    }
    const parts = [plural(all.length, "function"), plural(ready, "replica")];
    if (known) parts.push(rate(rps), `${share(rps > 0 ? errors / rps : 0)} errors`);
    return parts.join(" · ");
  });
  return <p class="muted num">{text}</p>;
}

function Troubles() {
  const c = control.value;
  if (!c) return null;
  return (
    <>
      {c.loop !== "ok" && <Note kind="red">{`The control loop does not work, so counts stay as they are: ${c.loop}`}</Note>}
      {c.rates !== "ok" && <Note kind="amber">{`Rates are not known: ${c.rates}`}</Note>}
    </>
  );
}

function Filter() {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
      e.preventDefault();
      ref.current?.focus();
      ref.current?.select();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <div class="filter">
      <Icon name="search" />
      <input
        ref={ref} class="input" type="search" aria-label="Filter functions by name, image or state" placeholder="Filter by name, image or state"
        data-testid="filter" value={filter.value} autoComplete="off" spellcheck={false} aria-keyshortcuts="/"
        onInput={(e) => (filter.value = e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key !== "Escape") return;
          if (filter.value === "") e.currentTarget.blur();
          filter.value = "";
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

function Groups() {
  const options = useComputed(() => {
    const all = rows();
    const list: [Group, string][] = [["all", `All ${all.length}`]];
    for (const [g, name] of groupNames) {
      const n = all.filter((r) => inGroup(r, g)).length;
      if (n > 0 || group.value === g) list.push([g, `${name} ${n}`]);
    }
    return list;
  });
  return <Choice label="Which functions" value={group.value} options={options.value} onChange={(g) => (group.value = g)} testid="groups" />;
}

function Loading() {
  return (
    <div class="card loading" aria-busy="true" aria-label="Loading the functions">
      {[62, 48, 55, 40, 66, 51].map((w) => (
        <div key={w}><i class="skeleton" style={{ width: `${w / 4}%` }} /><i class="skeleton" style={{ width: "12%" }} /><i class="skeleton" style={{ width: "10%" }} /></div>
      ))}
    </div>
  );
}
