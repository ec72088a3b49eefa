import { useSignal } from "@preact/signals";
import type { Row } from "../api/types";
import { LatencyChart } from "../chart/latency";
import { LoadChart } from "../chart/load";
import { count, load, plural, rate, seconds, share } from "../format/number";
import { effect } from "../stream/decisions";
import { control, current } from "../stream/store";
import { ReplicaBar } from "../ui/bar";
import { Choice } from "../ui/choice";
import { Note } from "../ui/note";
import { Decisions } from "./decisions";
import { useLiveSeries } from "./live-series";

const ranges = [[300, "5 min"], [900, "15 min"], [3600, "1 h"], [21600, "6 h"]] as const;
const range = { last: 900 as number };

export function Overview({ row }: { row: Row }) {
  const chosen = useSignal(range.last);
  const live = useLiveSeries(row.name, chosen.value);
  const { series } = live;
  const inRange = live.decisions.filter((e) => Date.parse(e.time) >= live.range[0]);
  const changes = inRange.filter((e) => ["up", "down"].includes(effect(e))).length;
  const signal = row.signals?.[0];
  const loadSummary =
    `Load and replicas of the last ${ranges.find(([s]) => s === chosen.value)?.[1]}: now ${rate(row.rps)} arrive, ` +
    `${signal ? `${load(signal.perReplica * row.desired, signal.type)} are carried at target, ` : ""}` +
    `${row.desired} replicas are desired and ${row.ready} ready; ${plural(changes, "change")} of the number.`;

  return (
    <div class="stack">
      <Numbers row={row} />
      <Why />
      {live.error !== "" && <Note kind="amber">{`The past is not known, and the charts begin now: ${live.error}`}</Note>}
      {live.error === "" && control.value && control.value.rates !== "ok" && <Note kind="amber">{`Rates are not known: ${control.value.rates}`}</Note>}
      <section class="card" aria-labelledby="load">
        <header>
          <h2 id="load">Load and replicas</h2>
          <Choice label="How far back" value={chosen.value} options={ranges} onChange={(s) => (chosen.value = range.last = s)} />
        </header>
        <div class={live.loading && series.times.length === 0 ? "inside waiting" : "inside"}>
          <LoadChart key={chosen.value} series={series} version={live.version} range={live.range} decisions={live.decisions} summary={loadSummary} />
        </div>
      </section>
      <section class="card" aria-labelledby="latency">
        <header><h2 id="latency">Latency</h2></header>
        <div class="inside">
          <LatencyChart
            key={chosen.value} series={series} version={live.version} range={live.range}
            summary={`Latency: half of the answers take at most ${seconds(row.p50)}, 99 of 100 at most ${seconds(row.p99)}.`}
          />
        </div>
      </section>
      <Decisions events={live.decisions} />
    </div>
  );
}

function Numbers({ row }: { row: Row }) {
  return (
    <dl class="numbers card">
      <div>
        <dt>Replicas</dt>
        <dd class="num">{row.ready}<span class="faint">/{row.desired}</span></dd>
        <dd><ReplicaBar ready={row.ready} desired={row.desired} min={row.min} max={row.max} /></dd>
        <dd class="faint small num">{row.min} to {row.max}, target {row.target}</dd>
      </div>
      <Number label="Arrivals" value={rate(row.rps)} more={`${count(row.invocations)} finished in all`} />
      <Number label="In flight" value={count(row.inFlight)} more={row.held > 0 ? `${count(row.held)} wait for a replica` : "none waits"} />
      <Number label="p50" value={seconds(row.p50)} more="median" />
      <Number label="p99" value={seconds(row.p99)} more="1 in 100 is slower" />
      <Number label="Errors" value={share(row.errors)} more="answers of 500 and above" bad={(row.errors ?? 0) > 0.01} />
    </dl>
  );
}

function Number({ label, value, more, bad = false }: { label: string; value: string; more: string; bad?: boolean }) {
  return <div><dt>{label}</dt><dd class={bad ? "num failing" : "num"}>{value}</dd><dd class="faint small num">{more}</dd></div>;
}

/** Why there are not more replicas, and not fewer. */
function Why() {
  const scaling = current.value?.scaling;
  if (!scaling) return <div class="why card" aria-hidden="true"><i class="skeleton" /><i class="skeleton" /></div>;
  return (
    <dl class="why card">
      <div><dt>More replicas?</dt><dd class="break">{scaling.more}</dd></div>
      <div><dt>Fewer?</dt><dd class="break">{scaling.fewer}</dd></div>
    </dl>
  );
}
