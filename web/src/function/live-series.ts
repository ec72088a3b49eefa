// The chart's points of one function: fetched once for each range and connection, then grown by the stream.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { aborted, words } from "../api/request";
import { history } from "../api/calls";
import { sample, Series } from "../chart/series";
import type { ScaleEvent } from "../api/types";
import { mergeAll } from "../stream/decisions";
import { connections, current, decisions, heard, skew, table } from "../stream/store";

const keptDecisions = 200;

export interface LiveSeries {
  series: Series;
  version: number;
  range: [number, number];
  decisions: ScaleEvent[];
  loading: boolean;
  error: string;
}

export function useLiveSeries(name: string, seconds: number): LiveSeries {
  const series = useMemo(() => new Series(seconds, Math.max(1, Math.round(seconds / 900))), [name, seconds]);
  const version = useSignal(0);
  const now = useSignal(Date.now() + skew.peek());
  const loading = useSignal(true);
  const error = useSignal("");
  const known = useSignal<ScaleEvent[]>([]);
  const connection = connections.value;

  useEffect(() => {
    const abort = new AbortController();
    loading.value = true;
    known.value = [];
    history(name, seconds, abort.signal)
      .then((h) => {
        series.replace(h);
        known.value = h.decisions ?? [];
        error.value = "";
      })
      .catch((e) => {
        if (!aborted(e)) error.value = words(e);
      })
      .finally(() => {
        if (abort.signal.aborted) return;
        loading.value = false;
        version.value++;
      });
    return () => abort.abort();
  }, [name, seconds, connection]);

  useSignalEffect(() => {
    const at = heard.value + skew.peek();
    const row = table.entries.get(name)?.row.peek();
    if (!row || heard.value === 0) return;
    if (!loading.peek()) {
      series.follow(row.signals?.[0]?.type ?? series.signal);
      series.add(at, sample(row, current.peek()));
    }
    now.value = at;
    version.value = version.peek() + 1;
  });

  const told = decisions.value;
  const fetched = known.value;
  const merged = useMemo(() => mergeAll(fetched, told.filter((e) => e.function === name), keptDecisions), [fetched, told, name]);
  return {
    series, version: version.value, decisions: merged, loading: loading.value, error: error.value,
    range: [now.value - seconds * 1000, now.value],
  };
}
