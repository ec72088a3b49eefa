// Load above, replicas below, on one time axis, with a mark at each decision.
import type uPlot from "uplot";
import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import type { ScaleEvent } from "../api/types";
import { count, load as loadWords, rate } from "../format/number";
import { clockTime } from "../format/time";
import { colour } from "../theme";
import { Legend } from "./legend";
import { MarkerLane } from "./lane";
import { fromZero, line, Plot, steps, timeAxis, valueAxis } from "./plot";
import { nearest, type Series } from "./series";

interface Props {
  series: Series;
  /** Counts changes of the series. */
  version: number;
  range: [number, number];
  decisions: ScaleEvent[];
  summary: string;
}

export function LoadChart({ series, version, range, decisions, summary }: Props) {
  const { times, columns: c, signal } = series;
  const follows = signal !== "rps"; // the load that is followed is not the arrivals
  const hover = useSignal<number | null>(null);
  const marks = useRef<number[]>([]);
  marks.current = decisions.filter((e) => e.applied && e.to !== e.from).map((e) => Date.parse(e.time));

  const above = useMemo(
    () => {
      // A line along the bottom would say that there are errors where there are none.
      const errors = c.errors.map((v) => (v === 0 ? null : v));
      const all = [times, follows ? c.load : c.arrivals, c.capacity, errors];
      return (follows ? [...all, c.arrivals] : all) as unknown as uPlot.AlignedData;
    },
    [version, follows],
  );
  const below = useMemo(() => [times, c.ready, c.desired] as unknown as uPlot.AlignedData, [version]);

  const hooks = (): uPlot.Hooks.Arrays => ({
    drawAxes: [(u) => drawMarks(u, marks.current)],
    setCursor: [(u) => (hover.value = u.cursor.left !== undefined && u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null)],
  });
  const words = (n: number | null | undefined) => loadWords(n, signal);
  const i = hover.value === null ? times.length - 1 : nearest(times, hover.value);
  const last = times[i];

  return (
    <div class="chart" data-testid="chart-load">
      <Legend
        at={hover.value === null || last === undefined ? "now" : clockTime(last)}
        entries={[
          { label: follows ? "load" : "arrivals", token: "chart-load", value: words((follows ? c.load : c.arrivals)[i]) },
          { label: "carried at target", token: "chart-carried", value: words(c.capacity[i]), dashed: true },
          ...(follows ? [{ label: "arrivals", token: "chart-p99", value: rate(c.arrivals[i]) }] : []),
          { label: "errors", token: "chart-error", value: rate(c.errors[i]) },
          { label: "desired", token: "chart-desired", value: count(c.desired[i]) },
          { label: "ready", token: "chart-ready", value: count(c.ready[i]), block: true },
        ]}
      />
      <div role="img" aria-label={summary}>
        <Plot
          key={`above ${signal}`} height={200} data={above} range={range}
          options={() => ({
            series: [
              {},
              line("chart-load", { scale: "y", fill: () => colour("chart-load-fill") }),
              line("chart-carried", { scale: "y", dash: [6, 4], ...(steps ? { paths: steps } : {}) }),
              line("chart-error", { scale: follows ? "rate" : "y", width: 1 }),
              ...(follows ? [line("chart-p99", { scale: "rate", width: 1 })] : []),
            ],
            scales: { x: { time: true, auto: false }, y: fromZero(1), ...(follows ? { rate: fromZero(1) } : {}) },
            axes: [timeAxis(false), valueAxis((n) => words(n).replace(/ (in flight|queued)$/, ""))],
            cursor: { ...cursor() },
            hooks: hooks(),
          })}
        />
      </div>
      <MarkerLane decisions={decisions} range={range} series={series} />
      <div aria-hidden="true">
        <Plot
          height={132} data={below} range={range}
          options={() => ({
            series: [
              {},
              line("chart-ready", { scale: "n", width: 1, fill: () => colour("chart-ready-fill"), ...(steps ? { paths: steps } : {}) }),
              line("chart-desired", { scale: "n", ...(steps ? { paths: steps } : {}) }),
            ],
            scales: { x: { time: true, auto: false }, n: fromZero(2) },
            axes: [timeAxis(), valueAxis((n) => (Number.isInteger(n) ? String(n) : ""), "n", true)],
            cursor: { ...cursor() },
            hooks: hooks(),
          })}
        />
      </div>
    </div>
  );
}

/** The charts of a page move one cursor. */
export function cursor(): uPlot.Cursor {
  return { sync: { key: "function", setSeries: false }, drag: { x: false, y: false }, y: false, points: { size: 6, width: 1 } };
}

function drawMarks(u: uPlot, times: number[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.strokeStyle = colour("chart-axis");
  ctx.globalAlpha = 0.35;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  let last = -Infinity;
  for (const t of times) {
    const x = Math.round(u.valToPos(t, "x", true)) + 0.5;
    if (x - last < 5 * devicePixelRatio) continue; // more of them would be a wall
    last = x;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
