// The table of functions. Of long lists only the rows near the visible part are in the page.
import { signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { functionPath, go } from "../route";
import { table } from "../stream/store";
import { showAll } from "./filter";
import { FunctionRow } from "./row";
import { inGroup, matches, sortRows, type Column, type Group, type Order } from "./sort";
import { windowOf, type Window } from "./window";

const order = signal<Order>({ column: "name", down: false });
// An order by numbers that change would let rows jump: it is made anew this often, and not while the pointer is on the rows.
const reorderEvery = 3000;

const heads: [Column, string, string][] = [
  ["name", "Function", "c-name"], ["state", "State", "c-state"], ["replicas", "Replicas", "c-replicas"], ["rps", "Rate", "c-rps"],
  ["inFlight", "In flight", "c-inflight"], ["p50", "p50", "c-p50"], ["p99", "p99", "c-p99"], ["errors", "Errors", "c-errors"],
];

export function FunctionTable({ words, group }: { words: string[]; group: Group }) {
  const held = useRef(false);
  const names = useOrderedNames(words, group, held);
  const body = useRef<HTMLTableSectionElement>(null);
  const { window, rowHeight } = useWindow(body, names.length);
  const shown = names.slice(window.from, window.to);

  if (names.length === 0) {
    return (
      <div class="card empty">
        <h2>No function matches</h2>
        <button type="button" class="button" onClick={showAll}>Show all functions</button>
      </div>
    );
  }
  return (
    <div class="card">
      <table class="functions" role="table" aria-label="Functions" aria-rowcount={names.length + 1}>
        <thead role="rowgroup">
          <tr role="row">
            {heads.map(([column, text, cls]) => <Head key={column} column={column} text={text} cls={cls} />)}
            <th role="columnheader" scope="col" class="c-spark"><span>Last 5 min</span></th>
          </tr>
        </thead>
        <tbody
          role="rowgroup" ref={body}
          onPointerEnter={() => (held.current = true)} onPointerLeave={() => (held.current = false)}
          onClick={(e) => {
            const at = e.target as HTMLElement;
            const name = at.closest("tr")?.dataset.name;
            if (name && !at.closest("a") && getSelection()?.isCollapsed !== false) go(functionPath(name));
          }}
        >
          {window.from > 0 && <tr aria-hidden="true" class="gap" style={{ height: `${window.from * rowHeight}px` }} />}
          {shown.map((name, i) => {
            const entry = table.entries.get(name);
            return entry && <FunctionRow key={name} entry={entry} index={window.from + i} />;
          })}
          {window.to < names.length && <tr aria-hidden="true" class="gap" style={{ height: `${(names.length - window.to) * rowHeight}px` }} />}
        </tbody>
      </table>
    </div>
  );
}

function Head({ column, text, cls }: { column: Column; text: string; cls: string }) {
  const { column: by, down } = order.value;
  const here = by === column;
  const sort = () => {
    // Names begin at A, numbers with the largest.
    order.value = here ? { column, down: !down } : { column, down: column !== "name" && column !== "state" };
  };
  return (
    <th role="columnheader" scope="col" class={cls} aria-sort={here ? (down ? "descending" : "ascending") : undefined}>
      <button type="button" data-testid={`sort-${column}`} onClick={sort}>
        {text}<span class="arrow" aria-hidden="true">{here ? (down ? "↓" : "↑") : ""}</span>
      </button>
    </th>
  );
}

function useOrderedNames(words: string[], group: Group, held: { current: boolean }): string[] {
  const last = useRef<{ key: string; at: number; names: string[] }>({ key: "", at: 0, names: [] });
  const wordsKey = words.join(" ");
  const input = useSignal({ wordsKey, group });
  if (input.peek().wordsKey !== wordsKey || input.peek().group !== group) input.value = { wordsKey, group };
  const names = useComputed(() => {
    void table.version.value;
    const { wordsKey, group } = input.value;
    const by = order.value;
    const filterWords = wordsKey === "" ? [] : wordsKey.split(" ");
    const now = Date.now();
    const key = `${by.column} ${by.down} ${group} ${wordsKey} ${table.names.value.length}`;
    const before = last.current;
    const plain = by.column === "name" && group === "all" && wordsKey === "";
    if (key === before.key && !plain && (held.current || now - before.at < reorderEvery)) {
      return before.names.every((n) => table.entries.has(n)) ? before.names : (before.names = before.names.filter((n) => table.entries.has(n)));
    }
    const rows = [];
    for (const { row } of table.entries.values()) {
      const r = row.peek();
      if (inGroup(r, group) && matches(r, filterWords)) rows.push(r);
    }
    const sorted = sortRows(rows, by).map((r) => r.name);
    const same = sorted.length === before.names.length && sorted.every((n, i) => n === before.names[i]);
    last.current = { key, at: now, names: same ? before.names : sorted };
    return last.current.names;
  });
  return names.value;
}

function useWindow(body: { current: HTMLTableSectionElement | null }, count: number): { window: Window; rowHeight: number } {
  const rowHeight = useSignal(56);
  const window = useSignal<Window>({ from: 0, to: Math.min(count, 40) });
  const measure = () => {
    const element = body.current;
    if (!element) return;
    const row = element.querySelector<HTMLElement>("tr[data-name]");
    if (row && row.offsetHeight > 0) rowHeight.value = row.offsetHeight;
    const next = windowOf(count, rowHeight.peek(), element.getBoundingClientRect().top, innerHeight);
    const now = window.peek();
    if (next.from !== now.from || next.to !== now.to) window.value = next;
  };
  const latest = useRef(measure);
  latest.current = measure;
  useLayoutEffect(measure, [count]);
  useEffect(() => {
    let frame = 0;
    const soon = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        latest.current();
      });
    };
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
      cancelAnimationFrame(frame);
    };
  }, []);
  return { window: window.value, rowHeight: rowHeight.value };
}
