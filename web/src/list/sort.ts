// Order and filter of the list.
import type { Row, State } from "../api/types";

export const columns = ["name", "state", "replicas", "rps", "inFlight", "p50", "p99", "errors"] as const;
export type Column = (typeof columns)[number];
export interface Order {
  column: Column;
  down: boolean;
}

export type Group = "all" | "ready" | "changing" | "zero" | "full" | "trouble" | "frozen";

const groups: Record<State, Group> = {
  ready: "ready", starting: "changing", draining: "changing", waking: "changing", zero: "zero", full: "full",
  blocked: "trouble", failing: "trouble",
};

export function inGroup(row: Row, group: Group): boolean {
  if (group === "all") return true;
  if (group === "frozen") return row.frozen !== null;
  return groups[row.state] === group;
}

// What needs a look comes first.
const urgency: State[] = ["failing", "blocked", "full", "waking", "starting", "draining", "ready", "zero"];

function key(row: Row, column: Column): number | string | null {
  switch (column) {
    case "name": return row.name;
    case "state": return urgency.indexOf(row.state);
    case "replicas": return row.desired;
    default: return row[column];
  }
}

const byName = new Intl.Collator("en", { numeric: true });

/** Sorts names by a column; unknown values come last either way, and equal ones by name. */
export function sortRows(rows: Row[], { column, down }: Order): Row[] {
  const sign = down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const x = key(a, column);
    const y = key(b, column);
    if (x !== y) {
      if (x === null) return 1;
      if (y === null) return -1;
      if (typeof x === "string" || typeof y === "string") return sign * byName.compare(String(x), String(y));
      return sign * (x - y);
    }
    return byName.compare(a.name, b.name);
  });
}

/** Every word of the filter must be in the name, the image or the words of the state. */
export function matches(row: Row, words: string[]): boolean {
  if (words.length === 0) return true;
  const text = `${row.name} ${row.image} ${row.stateText} ${row.state}${row.frozen ? " frozen" : ""}`.toLowerCase();
  return words.every((w) => text.includes(w));
}

export const filterWords = (filter: string): string[] => filter.toLowerCase().split(/\s+/).filter(Boolean);
