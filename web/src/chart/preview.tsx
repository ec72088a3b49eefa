// What a change of the settings would have done: arrivals above, replicas as they were and as they would have been below.
import type uPlot from "uplot";
import { useMemo } from "preact/hooks";
import type { Preview } from "../api/types";
import { rate } from "../format/number";
import { colour } from "../theme";
import { Legend } from "./legend";
import { fromZero, line, Plot, steps, timeAxis, valueAxis } from "./plot";

const most = (points: (number | null)[]) => points.reduce<number>((top, v) => Math.max(top, v ?? 0), 0);

export function PreviewChart({ preview }: { preview: Preview }) {
  const { times, arrivals, before, after } = preview;
  const range: [number, number] = [times[0] ?? 0, times.at(-1) ?? 1];
  const above = useMemo(() => [times, arrivals] as unknown as uPlot.AlignedData, [preview]);
  const below = useMemo(() => [times, before.desired, after.desired] as unknown as uPlot.AlignedData, [preview]);
  const stepped = steps ? { paths: steps } : {};
  return (
    <div class="chart">
      <Legend
        at="at most"
        entries={[
          { label: "arrivals", token: "chart-load", value: rate(most(arrivals)) },
          { label: "replicas as set now", token: "chart-axis", value: String(most(before.desired)), dashed: true },
          { label: "replicas as changed", token: "chart-ready", value: String(most(after.desired)) },
        ]}
      />
      <div role="img" aria-label={`Replicas with the same load: at most ${most(before.desired)} as set now, at most ${most(after.desired)} as changed`}>
        <Plot
          height={110} data={above} range={range}
          options={() => ({
            series: [{}, line("chart-load", { fill: () => colour("chart-load-fill") })],
            scales: { x: { time: true, auto: false }, y: fromZero(1) },
            axes: [timeAxis(false), valueAxis(rate)],
          })}
        />
        <Plot
          height={140} data={below} range={range}
          options={() => ({
            series: [
              {},
              line("chart-axis", { scale: "n", dash: [4, 3], ...stepped }),
              line("chart-ready", { scale: "n", width: 2, fill: () => colour("chart-ready-fill"), ...stepped }),
            ],
            scales: { x: { time: true, auto: false }, n: fromZero(2) },
            axes: [timeAxis(), valueAxis((n) => (Number.isInteger(n) ? String(n) : ""), "n", true)],
          })}
        />
      </div>
    </div>
  );
}
