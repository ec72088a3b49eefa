import { useEffect, useRef } from "preact/hooks";
import { Alerts } from "./alerts/page";
import { Deploy } from "./deploy/page";
import { FunctionPage } from "./function/page";
import { Functions } from "./list/page";
import { base, route } from "./route";
import { session } from "./session";
import { SignIn } from "./shell/sign-in";
import { Top } from "./shell/top";
import { followed } from "./stream/store";
import { Toasts } from "./ui/toasts";

export function App() {
  const s = session.value;
  if (s === "signed-out") return <><SignIn /><Toasts /></>;
  if (s === "unknown") return null;
  return (
    <>
      <Top />
      {s === "unreachable" ? <main id="main"><div class="empty"><h1>The gateway cannot be reached</h1><p>Trying again…</p></div></main> : <Page />}
      <Toasts />
    </>
  );
}

function Page() {
  const r = route.value;
  const name = r.page === "function" ? r.name : "";
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    followed.value = name;
  }, [name]);
  // After a change of page the keyboard begins at its content.
  const key = r.page === "function" ? `function ${r.name}` : r.page;
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [key]);
  return <main id="main" ref={main} tabIndex={-1}>{content()}</main>;

  function content() {
    switch (r.page) {
      case "functions": return <Functions />;
      case "function": return <FunctionPage key={r.name} name={r.name} tab={r.tab} />;
      case "deploy": return <Deploy key={r.name} name={r.name} />;
      case "alerts": return <Alerts />;
      default:
        return (
          <div class="empty">
            <h1>There is no such page</h1>
            <p><a href={base}>All functions</a></p>
          </div>
        );
    }
  }
}
