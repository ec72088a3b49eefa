// How long answers take: the median, and what one in a hundred exceeds.
import type uPlot from "uplot";
import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { seconds } from "../format/number";
import { clockTime } from "../format/time";
import { colour } from "../theme";
import { Legend } from "./legend";
import { cursor } from "./load";
import { fromZero, line, Plot, timeAxis, valueAxis } from "./plot";
import { nearest, type Series } from "./series";

export function LatencyChart({ series, version, range, summary }: { series: Series; version: number; range: [number, number]; summary: string }) {
  const { times, columns: c } = series;
  const hover = useSignal<number | null>(null);
  const data = useMemo(() => [times, c.p50, c.p99] as unknown as uPlot.AlignedData, [version]);
  const i = hover.value === null ? times.length - 1 : nearest(times, hover.value);
  const at = times[i];
  return (
    <div class="chart" data-testid="chart-latency">
      <Legend
        at={hover.value === null || at === undefined ? "now" : clockTime(at)}
        entries={[
          { label: "p50", token: "chart-p50", value: seconds(c.p50[i]) },
          { label: "p99", token: "chart-p99", value: seconds(c.p99[i]) },
        ]}
      />
      <div role="img" aria-label={summary}>
        <Plot
          height={160} data={data} range={range}
          options={() => ({
            series: [{}, line("chart-p50", { fill: () => colour("chart-load-fill") }), line("chart-p99")],
            scales: { x: { time: true, auto: false }, y: fromZero(0.001) },
            axes: [timeAxis(), valueAxis(seconds)],
            cursor: cursor(),
            hooks: {
              setCursor: [(u) => (hover.value = u.cursor.left !== undefined && u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null)],
            },
          })}
        />
      </div>
    </div>
  );
}
