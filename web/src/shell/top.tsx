// The bar at the top: where one is, whether the page is live, theme and sign-out.
import { clockTime } from "../format/time";
import { alertsPath, base, deployPath, route } from "../route";
import { session, signOut } from "../session";
import { alerts, heard, live } from "../stream/store";
import { switchTheme, theme } from "../theme";
import { complain } from "../toast";
import { Icon, Logo, type IconName } from "../ui/icon";

export function Top() {
  const s = session.value;
  const dark = theme.value === "dark";
  const firing = (alerts.value?.alerts ?? []).filter((a) => a.state !== "suppressed" && ownAlert(a.name)).length;
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the content</a>
      <header class="top">
        <a class="brand" href={base} aria-label="faas, all functions"><Logo /> faas</a>
        <nav class="nav" aria-label="Pages">
          <NavLink href={base} text="Functions" icon="functions" testid="nav-functions" pages={["functions", "function"]} />
          <NavLink href={deployPath()} text="Deploy" icon="deploy" testid="nav-deploy" pages={["deploy"]} />
          <NavLink href={alertsPath} text="Alerts" icon="alerts" testid="nav-alerts" pages={["alerts"]} count={firing} />
        </nav>
        <StreamStatus />
        <button
          type="button" class="button bare icon" data-testid="theme-switch" onClick={switchTheme}
          aria-label={dark ? "Switch to light" : "Switch to dark"} title={dark ? "Switch to light" : "Switch to dark"}
        >
          <Icon name={dark ? "sun" : "moon"} />
        </button>
        {typeof s === "object" && !s.open && (
          <button
            type="button" class="button bare icon" data-testid="sign-out" aria-label={`Sign out ${s.user}`} title={`Sign out ${s.user}`}
            onClick={() => signOut().catch((error) => complain("Not signed out", error))}
          >
            <Icon name="out" />
          </button>
        )}
      </header>
      {live.value === "stale" && (
        <div class="stale" role="alert">
          The gateway has sent nothing since <span class="num">{clockTime(heard.value)}</span>: what is shown may be old. Connecting again…
        </div>
      )}
    </>
  );
}

// What scales functions fires all the time and is no reason to look.
function ownAlert(name: string): boolean {
  return !["FunctionScale", "FunctionOverload", "FunctionIdle", "Heartbeat"].includes(name);
}

function NavLink(p: { href: string; text: string; icon: IconName; testid: string; pages: string[]; count?: number }) {
  const here = p.pages.includes(route.value.page);
  return (
    <a href={p.href} data-testid={p.testid} aria-current={here ? "page" : undefined}>
      <Icon name={p.icon} /> <span>{p.text}{p.count ? <> <span class="pill red">{p.count}</span></> : null}</span>
    </a>
  );
}

function StreamStatus() {
  const now = live.value;
  const text = now === "live" ? "Live" : now === "connecting" ? "Connecting…" : `Not live since ${clockTime(heard.value)}`;
  return (
    <span class="stream num" data-testid="stream-status" data-live={now === "live"}><i aria-hidden="true" /> {text}</span>
  );
}
