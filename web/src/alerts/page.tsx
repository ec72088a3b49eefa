// Alerts, silences, and whether the loop that they are part of works.
import { useSignal } from "@preact/signals";
import { unfreeze } from "../api/calls";
import type { Alert, Matcher, Silence } from "../api/types";
import { FreezeDialog } from "../function/freeze";
import { functionPath } from "../route";
import { alerts, control, hello, table } from "../stream/store";
import { complain, say } from "../toast";
import { Icon } from "../ui/icon";
import { Note } from "../ui/note";
import { ScrollBox } from "../ui/scroll-box";
import { Ago } from "../ui/time";

export function Alerts() {
  const now = alerts.value;
  const h = hello.value;
  const away = control.value !== null && control.value.alerts !== "ok";
  return (
    <div class="stack">
      <div class="row between wrap">
        <div>
          <h1>Alerts</h1>
          <p class="muted">Alerts order numbers of replicas. One that fires is work under way; one that is resolved has been carried out.</p>
        </div>
        <div class="row wrap">
          {h?.prometheusURL && <a class="button" href={h.prometheusURL} target="_blank" rel="noreferrer">Prometheus <Icon name="link" size={14} /></a>}
          {h?.alertmanagerURL && <a class="button" href={h.alertmanagerURL} target="_blank" rel="noreferrer">Alertmanager <Icon name="link" size={14} /></a>}
        </div>
      </div>
      <Loop />
      {away && <Note kind="amber">{now ? "What follows is of before: " : "Alerts and silences are not known: "}{control.value?.alerts}</Note>}
      {now ? <><Firing alerts={now.alerts ?? []} /><Silences silences={now.silences ?? []} /></> : !away && <i class="skeleton block" />}
    </div>
  );
}

function Loop() {
  const c = control.value;
  if (!c) return <i class="skeleton block" />;
  const parts: [string, string, string][] = [
    ["Control loop", c.loop, "the heartbeat arrives"], ["Rates", c.rates, "Prometheus answers"], ["Alerts", c.alerts, "Alertmanager answers"],
  ];
  return (
    <dl class="loop card" data-testid="control">
      {parts.map(([name, state, fine]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={state === "ok" ? "ready" : "failing"}><Icon name={state === "ok" ? "check" : "warn"} /> <span class="break words">{state === "ok" ? fine : state}</span></dd>
        </div>
      ))}
    </dl>
  );
}

function Firing({ alerts }: { alerts: Alert[] }) {
  return (
    <section class="card" aria-labelledby="firing">
      <header><h2 id="firing">Current alerts</h2><span class="faint num">{alerts.length || ""}</span></header>
      {alerts.length === 0
        ? <div class="empty"><p>None. All functions have the replicas that the rules want.</p></div>
        : (
          <ScrollBox label="Current alerts">
            <table class="plain">
              <thead><tr><th scope="col">Alert</th><th scope="col">Function</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">What it says</th><th scope="col">Expression</th></tr></thead>
              <tbody>{alerts.map((a) => <AlertLine key={`${a.name} ${JSON.stringify(a.labels)}`} alert={a} />)}</tbody>
            </table>
          </ScrollBox>
        )}
    </section>
  );
}

function AlertLine({ alert: a }: { alert: Alert }) {
  const rest = Object.entries(a.labels ?? {}).filter(([k]) => k !== "alertname" && k !== "function_name");
  const text = a.annotations?.summary ?? a.annotations?.description ?? "";
  return (
    <tr data-testid={`alert-${a.name}`}>
      <th scope="row" class="nowrap">{a.name}</th>
      <td>{a.function === "" ? <span class="faint">–</span> : <a href={functionPath(a.function)}>{a.function}</a>}</td>
      <td class="nowrap"><AlertState alert={a} /></td>
      <td class="muted"><Ago at={a.startsAt} /></td>
      <td class="break">
        {text && <div>{text}</div>}
        <div class="row wrap tags">{rest.map(([k, v]) => <code key={k} class="tag">{k}={v}</code>)}</div>
      </td>
      <td class="nowrap">
        {/^https?:/.test(a.generatorURL)
          ? <a class="outward" href={a.generatorURL} target="_blank" rel="noreferrer" aria-label={`The expression of ${a.name}, in Prometheus`}>expression <Icon name="link" size={12} /></a>
          : <span class="faint">–</span>}
      </td>
    </tr>
  );
}

function AlertState({ alert: a }: { alert: Alert }) {
  if (a.name === "Heartbeat") return <span class="pill green">alive</span>;
  if (a.state === "suppressed") return <span class="pill frozen"><Icon name="frozen" size={12} /> silenced</span>;
  return <span class="pill amber">{a.state === "active" ? "fires" : a.state}</span>;
}

function Silences({ silences }: { silences: Silence[] }) {
  const open = useSignal(false);
  const canFreeze = hello.value?.freeze !== false;
  return (
    <section class="card" aria-labelledby="silences">
      <header>
        <h2 id="silences">Silences</h2>
        {canFreeze && table.names.value.length > 0 && (
          <button type="button" class="button" data-testid="freeze" onClick={() => (open.value = true)}><Icon name="frozen" /> Freeze a function</button>
        )}
      </header>
      {silences.length === 0
        ? <div class="empty"><p>None. A silence on the alerts of a function freezes it: its number of replicas stays.</p></div>
        : (
          <ScrollBox label="Silences">
            <table class="plain">
              <thead><tr><th scope="col">Freezes</th><th scope="col">State</th><th scope="col">Until</th><th scope="col">By</th><th scope="col">Matches</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
              <tbody>{silences.map((s) => <SilenceLine key={s.id} silence={s} />)}</tbody>
            </table>
          </ScrollBox>
        )}
      {open.value && <FreezeDialog name="" names={table.names.value} onClose={() => (open.value = false)} />}
    </section>
  );
}

function SilenceLine({ silence: s }: { silence: Silence }) {
  const names = s.functions ?? [];
  const thaw = (name: string) => unfreeze(name).then(() => say(`Alerts scale ${name} again.`), (e) => complain(`${name} is still frozen`, e));
  return (
    <tr data-testid={`silence-${s.id}`}>
      <th scope="row">
        {names.length === 0 ? <span class="faint">no function</span> : names.slice(0, 5).map((n, i) => <span key={n}>{i > 0 && ", "}<a href={functionPath(n)}>{n}</a></span>)}
        {names.length > 5 && <span class="faint"> and {names.length - 5} more</span>}
      </th>
      <td class="nowrap"><span class={s.state === "active" ? "pill frozen" : "pill"}>{s.state}</span></td>
      <td class="muted"><Ago at={s.endsAt} /></td>
      <td class="break">{s.createdBy || "–"}{s.comment && <div class="faint">{s.comment}</div>}</td>
      <td><div class="row wrap tags">{(s.matchers ?? []).map((m) => <code key={m.name + m.value} class="tag">{matcherText(m)}</code>)}</div></td>
      <td class="right nowrap">
        {s.state !== "expired" && names.length === 1 && (
          <button type="button" class="button tiny" data-testid="unfreeze" onClick={() => thaw(names[0] as string)}>Unfreeze</button>
        )}
      </td>
    </tr>
  );
}

export function matcherText(m: Matcher): string {
  return `${m.name}${m.isEqual ? "=" : "!"}${m.isRegex ? "~" : m.isEqual ? "" : "="}${JSON.stringify(m.value)}`;
}
