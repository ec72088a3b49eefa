// The page of one function: its head, and the tab that the path names.
import { lazy } from "./later";
import type { Row } from "../api/types";
import { base, deployPath, functionPath, tabs, type Tab } from "../route";
import { hello, table } from "../stream/store";
import { Icon } from "../ui/icon";
import { Note } from "../ui/note";
import { FrozenPill, State } from "../ui/state";
import { Actions } from "./actions";
import { Configuration } from "./configuration";
import { Invoke } from "./invoke";
import { Logs } from "./logs";
import { Replicas } from "./replicas";

// The charts come with uPlot, half of all code: only who opens a function loads it.
const Overview = lazy(() => import("./overview").then((m) => m.Overview));
const Scaling = lazy(() => import("./scaling").then((m) => m.Scaling));

const names: Record<Tab, string> = {
  overview: "Overview", invoke: "Invoke", scaling: "Scaling", logs: "Logs", replicas: "Replicas", configuration: "Configuration",
};

export function FunctionPage({ name, tab }: { name: string; tab: Tab }) {
  void table.names.value;
  const entry = table.entries.get(name);
  if (!table.loaded.value) return <div class="stack" aria-busy="true"><i class="skeleton title" /><i class="skeleton block" /><i class="skeleton block" /></div>;
  if (!entry) {
    return (
      <div class="empty">
        <h1>There is no function {name}</h1>
        <p>It was removed, or never deployed.</p>
        <div class="row"><a class="button" href={base}>All functions</a><a class="button" href={deployPath()}>Deploy a function</a></div>
      </div>
    );
  }
  const row = entry.row.value;
  return (
    <div class="stack">
      <Head row={row} />
      <nav class="tabs" aria-label={`Pages of ${name}`}>
        {tabs.filter((t) => t !== "logs" || hello.value?.logs !== false).map((t) => (
          <a key={t} href={functionPath(name, t)} data-testid={`tab-${t}`} aria-current={t === tab ? "page" : undefined}>{names[t]}</a>
        ))}
      </nav>
      <TabPage tab={tab} row={row} />
    </div>
  );
}

function Head({ row }: { row: Row }) {
  return (
    <div class="stack head">
      <div class="row between wrap">
        <div class="grow">
          <a class="back small" href={base}><Icon name="back" size={12} /> Functions</a>
          <div class="row wrap">
            <h1 class="break">{row.name}</h1>
            <State state={row.state} text={row.stateText} name={row.name} />
            {row.frozen && <FrozenPill frozen={row.frozen} />}
          </div>
          <div class="faint mono break">{row.image}</div>
        </div>
        <Actions row={row} />
      </div>
      {row.blocked !== "" && <Note kind="red">{`Replicas cannot start: ${row.blocked}`}</Note>}
    </div>
  );
}

function TabPage({ tab, row }: { tab: Tab; row: Row }) {
  switch (tab) {
    case "overview": return <Overview row={row} />;
    case "scaling": return <Scaling row={row} />;
    case "invoke": return <Invoke name={row.name} />;
    case "logs": return <Logs name={row.name} />;
    case "replicas": return <Replicas row={row} />;
    case "configuration": return <Configuration row={row} />;
  }
}
