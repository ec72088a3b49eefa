// One function in the list. It draws itself when its own row changes, and only then.
import { rate, count, seconds, share } from "../format/number";
import { functionPath } from "../route";
import type { Entry } from "../stream/table";
import { ReplicaBar } from "../ui/bar";
import { FrozenPill, State } from "../ui/state";
import { Sparkline } from "./sparkline";

export function FunctionRow({ entry, index }: { entry: Entry; index: number }) {
  const row = entry.row.value;
  const { name } = row;
  return (
    <tr role="row" aria-rowindex={index + 2} data-testid={`row-${name}`} data-name={name}>
      <th role="rowheader" scope="row" class="c-name">
        <a href={functionPath(name)} class="cut" title={name}>{name}</a>
        <div class="cut faint mono image" title={row.image}>{row.image}</div>
      </th>
      <td role="cell" class="c-state">
        <div class="row">
          <State state={row.state} text={row.stateText} name={name} />
          {row.frozen && <FrozenPill frozen={row.frozen} />}
        </div>
        {row.blocked !== "" && !row.stateText.includes(row.blocked) && <div class="cut faint small" title={row.blocked}>{row.blocked}</div>}
        {row.held > 0 && <div class="small faint num">{count(row.held)} waiting</div>}
      </td>
      <td role="cell" class="c-replicas" data-testid={`cell-replicas-${name}`}>
        <div class="row between num">
          <span><b>{row.ready}</b>/{row.desired}</span>
          <span class="faint small">{row.min}–{row.max}</span>
        </div>
        <ReplicaBar ready={row.ready} desired={row.desired} min={row.min} max={row.max} />
      </td>
      <td role="cell" class={`c-rps num${dim(row.rps)}`}>{rate(row.rps)}</td>
      <td role="cell" class={`c-inflight num${dim(row.inFlight)}`}>{count(row.inFlight)}</td>
      <td role="cell" class={`c-p50 num${dim(row.p50)}`}>{seconds(row.p50)}</td>
      <td role="cell" class={`c-p99 num${dim(row.p99)}`}>{seconds(row.p99)}</td>
      <td role="cell" class={`c-errors num${(row.errors ?? 0) > 0.01 ? " failing" : dim(row.errors)}`}>{share(row.errors)}</td>
      <td role="cell" class="c-spark"><Sparkline spark={entry.spark} unknown={row.rps === null} /></td>
    </tr>
  );
}

// Nothing, and nothing known, step back behind what there is.
const dim = (n: number | null) => (n === null || n === 0 ? " faint" : "");
