// The replicas of a function: where each one is, and what it does.
import type { Replica, Row } from "../api/types";
import { functionPath } from "../route";
import { current } from "../stream/store";
import { ScrollBox } from "../ui/scroll-box";
import { Ago } from "../ui/time";

export function Replicas({ row }: { row: Row }) {
  const now = current.value;
  if (!now) return <div class="card inside-only" aria-busy="true"><i class="skeleton block" /></div>;
  const replicas = now.replicas ?? [];
  const slots = now.scaling?.scaling.slots ?? 0;
  return (
    <section class="card" aria-labelledby="replicas">
      <header><h2 id="replicas">Replicas</h2><span class="faint num">{row.ready} ready of {row.desired}</span></header>
      {replicas.length === 0
        ? <div class="empty"><p>{row.desired === 0 ? "It is at zero: the next call wakes it." : "None is there yet."}</p></div>
        : (
          <ScrollBox label="Replicas">
            <table class="plain">
              <thead>
                <tr>
                  <th scope="col">Replica</th><th scope="col">Address</th><th scope="col">Node</th><th scope="col">State</th>
                  <th scope="col">Started</th><th scope="col" class="right">In flight{slots > 0 ? ` of ${slots}` : ""}</th>
                </tr>
              </thead>
              <tbody>{replicas.map((r) => <Line key={r.id} replica={r} slots={slots} />)}</tbody>
            </table>
          </ScrollBox>
        )}
      {replicas.length > 0 && <p class="hint foot">Requests in flight are those of this gateway. <a href={functionPath(row.name, "logs")}>What the replicas write</a></p>}
    </section>
  );
}

function Line({ replica: r, slots }: { replica: Replica; slots: number }) {
  return (
    <tr data-testid={`replica-${r.id}`}>
      <th scope="row" class="mono nowrap">{r.id}</th>
      <td class="mono nowrap">{r.address || "–"}</td>
      <td class="nowrap">{r.node || "–"}</td>
      <td class="nowrap"><span class={r.state === "ready" ? "pill green" : /fail|block/.test(r.state) ? "pill red" : "pill"}>{r.state}</span></td>
      <td class="muted"><Ago at={r.startedAt} /></td>
      <td class={`num right${slots > 0 && r.inFlight >= slots ? " full" : ""}`}>{r.inFlight}</td>
    </tr>
  );
}
