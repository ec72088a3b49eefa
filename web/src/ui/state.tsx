// A function's state: a shape and words beside the colour, so that none is needed to tell them apart.
import type { ComponentChildren } from "preact";
import type { Frozen, State as Name } from "../api/types";
import { exact } from "../format/time";
import { Icon } from "./icon";

const ring = <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6" />;

const shapes: Record<Name, ComponentChildren> = {
  ready: <circle cx="6" cy="6" r="5" fill="currentColor" />,
  starting: <>{ring}<path d="M6 1.8a4.2 4.2 0 0 1 0 8.4Z" fill="currentColor" /></>,
  draining: <>{ring}<path d="M1.8 6a4.2 4.2 0 0 0 8.4 0Z" fill="currentColor" /></>,
  waking: <>{ring}<circle cx="6" cy="6" r="1.8" fill="currentColor" /></>,
  zero: ring,
  full: <rect x="1.5" y="1.5" width="9" height="9" rx="1" fill="currentColor" />,
  blocked: <path d="M6 .8 11.6 11H.4Z" fill="currentColor" />,
  failing: <path d="M2.2 2.2l7.6 7.6M9.8 2.2 2.2 9.8" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" />,
};

export function StateShape({ state }: { state: Name }) {
  return <svg class={state} width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">{shapes[state] ?? ring}</svg>;
}

export function State({ state, text, name }: { state: Name; text: string; name?: string }) {
  return (
    <span class={`state ${state}`} {...(name === undefined ? {} : { "data-testid": `state-${name}`, "data-state": state })}>
      <StateShape state={state} />
      <span class="cut" title={text}>{text}</span>
    </span>
  );
}

/** What a silence holds: all changes, or only one way. */
export function frozenWords(f: Frozen): string {
  if (f.up && f.down) return "frozen";
  if (f.down) return "frozen down";
  if (f.up) return "frozen up";
  return "kept from zero";
}

export function FrozenPill({ frozen }: { frozen: Frozen }) {
  const by = `${frozen.createdBy ? ` by ${frozen.createdBy}` : ""}${frozen.comment ? `: ${frozen.comment}` : ""}`;
  return (
    <span class="pill frozen" title={`Frozen until ${exact(Date.parse(frozen.until))}${by}`}>
      <Icon name="frozen" size={12} /> <span>{frozenWords(frozen)}</span>
    </span>
  );
}
