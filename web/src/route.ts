// Routes by path: /ui/, /ui/functions/NAME[/TAB], /ui/deploy[/NAME], /ui/alerts, /ui/sign-in.
import { computed, signal } from "@preact/signals";

export const tabs = ["overview", "invoke", "scaling", "logs", "replicas", "configuration"] as const;
export type Tab = (typeof tabs)[number];

export type Route =
  | { page: "functions" }
  | { page: "function"; name: string; tab: Tab }
  | { page: "deploy"; name: string }
  | { page: "alerts" }
  | { page: "sign-in"; next: string }
  | { page: "unknown" };

export const base = "/ui/";

export function parse(path: string, query = ""): Route {
  const parts = path.replace(/^\/ui\/?/, "").replace(/\/$/, "").split("/").map(decode);
  const [first = "", second = "", third = ""] = parts;
  if (first === "" || (first === "functions" && second === "")) return { page: "functions" };
  if (first === "functions" && parts.length <= 3) {
    if (third === "") return { page: "function", name: second, tab: "overview" };
    const tab = tabs.find((t) => t === third);
    return tab ? { page: "function", name: second, tab } : { page: "unknown" };
  }
  if (first === "deploy" && parts.length <= 2) return { page: "deploy", name: second };
  if (first === "alerts" && parts.length === 1) return { page: "alerts" };
  if (first === "sign-in" && parts.length === 1) return { page: "sign-in", next: safeNext(new URLSearchParams(query).get("next")) };
  return { page: "unknown" };
}

// Only a page of the portal: whatever else stands in a link must not be gone to.
function safeNext(next: string | null): string {
  return next !== null && /^\/ui\/[^\\]*$/.test(next) && !next.startsWith("/ui/sign-in") ? next : base;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const functionPath = (name: string, tab: Tab = "overview") =>
  `${base}functions/${encodeURIComponent(name)}${tab === "overview" ? "" : `/${tab}`}`;
export const deployPath = (name = "") => `${base}deploy${name === "" ? "" : `/${encodeURIComponent(name)}`}`;
export const alertsPath = `${base}alerts`;

const here = signal(typeof location === "undefined" ? base : location.pathname + location.search);

export const route = computed<Route>(() => {
  const [path = "", query = ""] = here.value.split("?");
  return parse(path, query);
});
/** The page with its query, to come back to. */
export const whereabouts = computed(() => here.value);

// Whether something was typed that would be lost with the page.
let typed: (() => boolean) | null = null;
export function guardLeaving(changed: (() => boolean) | null): void {
  typed = changed;
}

const mayLeave = (): boolean => !typed?.() || confirm("Leave the page? What was typed is lost.");

export function go(path: string, how: "push" | "replace" = "push"): void {
  if (path === here.peek()) return;
  if (!mayLeave()) return;
  typed = null;
  history[how === "push" ? "pushState" : "replaceState"](null, "", path);
  const samePage = parse(path).page === route.peek().page;
  here.value = path;
  if (!samePage && how === "push") scrollTo(0, 0);
}

/** Takes clicks on links within the portal, and the browser's way back. */
export function listen(): void {
  window.addEventListener("popstate", () => {
    if (!mayLeave()) {
      history.pushState(null, "", here.peek());
      return;
    }
    typed = null;
    here.value = location.pathname + location.search;
  });
  window.addEventListener("beforeunload", (event) => {
    if (typed?.()) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest("a");
    if (!link || link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(base)) return;
    if (link.hash !== "" && link.pathname === location.pathname) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
