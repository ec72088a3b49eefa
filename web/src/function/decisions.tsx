// The decisions as a table, the newest first: what the marks of the chart say, for reading.
import { useSignal } from "@preact/signals";
import type { ScaleEvent } from "../api/types";
import { seconds } from "../format/number";
import { effect } from "../stream/decisions";
import { Icon } from "../ui/icon";
import { ScrollBox } from "../ui/scroll-box";
import { Ago } from "../ui/time";
import { cause, change } from "./decision";

const few = 12;
const most = 100;

export function Decisions({ events }: { events: ScaleEvent[] }) {
  const all = useSignal(false);
  const told = events.filter((e) => effect(e) !== "quiet").slice(-most);
  const shown = told.slice(all.value ? 0 : -few).toReversed();
  return (
    <section class="card" aria-labelledby="decisions">
      <header><h2 id="decisions">Decisions</h2><span class="faint small">newest first</span></header>
      {shown.length === 0
        ? <div class="empty"><p>None yet. Each change of the number of replicas is told here with its reason, and so is each that was held back.</p></div>
        : (
          <ScrollBox label="Decisions">
            <table class="plain decisions">
              <thead>
                <tr><th scope="col">When</th><th scope="col">Replicas</th><th scope="col">Cause</th><th scope="col">Reason</th><th scope="col" class="right">Ready after</th></tr>
              </thead>
              <tbody>{shown.map((e) => <Line key={e.id} event={e} />)}</tbody>
            </table>
          </ScrollBox>
        )}
      {told.length > shown.length && (
        <p class="more-below"><button type="button" class="button tiny" onClick={() => (all.value = true)}>Show all {told.length}</button></p>
      )}
    </section>
  );
}

function Line({ event: e }: { event: ScaleEvent }) {
  const what = effect(e);
  return (
    <tr data-testid={`decision-${e.id}`}>
      <td class="muted"><Ago at={e.time} /></td>
      <th scope="row" class="num nowrap">
        <span class={`row move ${what}`}>
          <Icon name={what === "up" ? "up" : what === "down" ? "down" : "pause"} size={14} /> {change(e)}
        </span>
      </th>
      <td class="nowrap">{cause(e)}</td>
      <td class="break reason">{e.reason}{e.repeats ? <span class="faint num"> · {e.repeats + 1} times</span> : null}</td>
      <td class="num right nowrap">
        {what === "up" ? (typeof e.ready_after_seconds === "number" ? seconds(e.ready_after_seconds) : <span class="faint">not yet</span>) : <span class="faint">–</span>}
      </td>
    </tr>
  );
}
