// The title of the page: what a tab in the background should tell.
import { effect } from "@preact/signals";
import { route } from "./route";
import { live, table } from "./stream/store";

export function titleFor(parts: string[]): string {
  return [...parts, "faas"].join(" · ");
}

export function keepTitle(): void {
  effect(() => {
    const r = route.value;
    const stale = live.value === "stale" ? "not live" : "";
    document.title = titleFor([stale, ...title()].filter(Boolean));

    function title(): string[] {
      switch (r.page) {
        case "function": {
          void table.names.value; // it may come or go
          const row = table.entries.get(r.name)?.row.value;
          const name = row ? `${row.ready}/${row.desired} ${r.name}` : r.name;
          return r.tab === "overview" ? [name] : [name, r.tab];
        }
        case "deploy": return [r.name === "" ? "Deploy" : `Update ${r.name}`];
        case "alerts": return ["Alerts"];
        case "sign-in": return ["Sign in"];
        case "functions": return table.loaded.value ? [`${table.names.value.length} functions`] : [];
        default: return ["Not found"];
      }
    }
  });
}
