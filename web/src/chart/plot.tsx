// uPlot as a component: made once, fed with data, drawn anew when the size or the theme changes, destroyed at the end.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { theme, colour } from "../theme";
import { clockTime, minuteTime } from "../format/time";

export type Data = uPlot.AlignedData;

interface Props {
  height: number;
  /** Read once: what changes later goes through data, range and the functions in it. */
  options: () => Partial<uPlot.Options> & { series: uPlot.Series[] };
  data: Data;
  range: [number, number];
  /** Anything that the drawing depends on beside the data. */
  also?: unknown;
}

/** The width of the scale at the left and the room at the right, the same for all charts so that they align. */
export const left = 52;
export const right = 12;

export function Plot({ height, options, data, range, also }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef({ data, range });
  latest.current = { data, range };

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const u = new uPlot(
      { ...common(), ...options(), width: Math.max(120, element.clientWidth), height },
      latest.current.data,
      element,
    );
    plot.current = u;
    u.setScale("x", { min: latest.current.range[0], max: latest.current.range[1] });
    const observer = new ResizeObserver(() => {
      const width = Math.max(120, element.clientWidth);
      if (width !== u.width) u.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, []);

  useEffect(() => {
    const u = plot.current;
    if (!u) return;
    u.batch(() => {
      u.setData(data, false);
      u.setScale("x", { min: range[0], max: range[1] });
    });
  }, [data, range[0], range[1], also]);

  const shown = theme.value;
  useEffect(() => plot.current?.redraw(false, true), [shown]);

  return <div class="plot" ref={box} />;
}

function common(): Partial<uPlot.Options> {
  return {
    ms: 1,
    legend: { show: false },
    padding: [8, right, 0, 0],
    scales: { x: { time: true, auto: false } },
    cursor: { drag: { x: false, y: false }, points: { size: 6, width: 1 }, y: false },
  };
}

export function timeAxis(show = true): uPlot.Axis {
  return {
    show: true,
    size: show ? 28 : 8,
    space: 72,
    stroke: () => colour("chart-axis"),
    font: "12px ui-sans-serif, system-ui, sans-serif",
    grid: { stroke: () => colour("chart-grid"), width: 1 },
    ticks: { show: false },
    gap: 6,
    values: (_u, splits, _axis, _space, increment) =>
      show ? splits.map((v) => (increment < 60_000 ? clockTime(v) : minuteTime(v))) : splits.map(() => ""),
  };
}

export function valueAxis(words: (n: number) => string, scale = "y", whole = false): uPlot.Axis {
  return {
    scale,
    size: left,
    space: 28,
    gap: 6,
    stroke: () => colour("chart-axis"),
    font: "12px ui-sans-serif, system-ui, sans-serif",
    grid: { stroke: () => colour("chart-grid"), width: 1 },
    ticks: { show: false },
    values: (_u, splits) => splits.map((v) => (v === null ? "" : words(v))),
    ...(whole ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] } : {}),
  };
}

/** A scale from 0 to somewhat above the largest value. */
export function fromZero(least: number): uPlot.Scale {
  return { range: (_u, _min, max) => [0, Math.max(least, (max ?? 0) * 1.12)] };
}

export const steps = uPlot.paths.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined;

/** A line of a chart, with the colour of a token of the style sheet. */
export function line(token: string, more: Partial<uPlot.Series> = {}): uPlot.Series {
  return { stroke: () => colour(token), width: 1.5, points: { show: false }, ...more };
}
