// The functions as the stream tells them: a signal for each row, so that a change draws that row alone.
import { batch, signal, type Signal } from "@preact/signals";
import type { FunctionsEvent, Row } from "../api/types";
import { Spark } from "./spark";

export interface Entry {
  row: Signal<Row>;
  spark: Spark;
}

export class Table {
  readonly entries = new Map<string, Entry>();
  /** Changes when a function comes or goes. */
  readonly names = signal<readonly string[]>([]);
  /** Changes with each event that changed any row. */
  readonly version = signal(0);
  /** Changes when the sparklines move on by a step. */
  readonly step = signal(0);
  readonly loaded = signal(false);

  apply(event: FunctionsEvent): void {
    batch(() => {
      let named = false;
      const rows = event.rows ?? [];
      if (event.full) named = this.keepOnly(rows);
      for (const name of event.removed ?? []) named = this.entries.delete(name) || named;
      for (const row of rows) named = this.put(row, event) || named;
      let moved = event.full;
      for (const { row, spark } of this.entries.values()) moved = spark.add(event.now, row.peek().rps) || moved;
      if (named) this.names.value = [...this.entries.keys()].toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
      if (moved) this.step.value++;
      if (rows.length > 0 || named) this.version.value++;
      if (event.full) this.loaded.value = true;
    });
  }

  private keepOnly(rows: Row[]): boolean {
    const names = new Set(rows.map((r) => r.name));
    let changed = false;
    for (const name of this.entries.keys()) {
      if (!names.has(name)) changed = this.entries.delete(name) || changed;
    }
    return changed;
  }

  /** Reports whether the name is new. */
  private put(row: Row, event: FunctionsEvent): boolean {
    const { spark, ...rest } = row;
    const entry = this.entries.get(row.name);
    if (!entry) {
      this.entries.set(row.name, { row: signal(rest), spark: new Spark(event.now, spark) });
      return true;
    }
    entry.row.value = rest;
    if (event.full && spark) entry.spark = new Spark(event.now, spark);
    return false;
  }
}
