// Components that are loaded when they are first shown.
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { words } from "../api/request";
import { Note } from "../ui/note";

export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | null = null;
  return function Later(props: P) {
    const [, again] = useState(0);
    const [error, setError] = useState("");
    useEffect(() => {
      if (loaded) return;
      load().then(
        (component) => {
          loaded = component;
          again((n) => n + 1);
        },
        // After an upgrade of the gateway the file of the old page is gone.
        (e) => setError(words(e)),
      );
    }, []);
    const Component = loaded;
    if (Component) return <Component {...props} />;
    if (error !== "") return <Note kind="red">This part of the page could not be loaded: {error} <a href={location.pathname} target="_self">Load the page anew</a></Note>;
    return <div class="stack" aria-busy="true"><i class="skeleton block" /><i class="skeleton block" /></div>;
  };
}
