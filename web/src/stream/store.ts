// What the page knows, filled by the stream.
import { batch, computed, effect, signal } from "@preact/signals";
import { signedOut } from "../api/request";
import type { AlertsEvent, Control, FunctionEvent, FunctionsEvent, Hello, ScaleEvent } from "../api/types";
import { Connection } from "./connection";
import { merge } from "./decisions";
import type { Message } from "./sse";
import { Table } from "./table";

const keptDecisions = 300;
// The gateway sends something every second: after five without anything, what is shown may be wrong.
const staleAfter = 5000;

export const table = new Table();
export const hello = signal<Hello | null>(null);
export const decisions = signal<ScaleEvent[]>([]);
export const control = signal<Control | null>(null);
export const alerts = signal<AlertsEvent | null>(null);
/** The function whose page is open, in full. */
export const current = signal<FunctionEvent | null>(null);
/** Counts connections: after each one, what was fetched beside the stream is fetched anew. */
export const connections = signal(0);
/** The gateway's clock minus this machine's, in ms. */
export const skew = signal(0);

const heardAt = signal(0);
const tick = signal(Date.now());
/** A second's clock for relative times. */
export const clock = computed(() => tick.value);

export type Live = "connecting" | "live" | "stale";
export const live = computed<Live>(() => {
  if (heardAt.value === 0) return "connecting";
  return tick.value - heardAt.value > staleAfter ? "stale" : "live";
});
export const heard = computed(() => heardAt.value);

/** The name in ?function=, which the open page sets. */
export const followed = signal("");

const connection = new Connection({
  url: () => `/system/portal/stream${followed.peek() === "" ? "" : `?function=${encodeURIComponent(followed.peek())}`}`,
  onMessage: take,
  onSignedOut: signedOut,
});

export function startStream(): void {
  connection.start();
}

/** Ends the stream and forgets what it told. */
export function stopStream(): void {
  connection.stop();
  batch(() => {
    table.apply({ now: Date.now(), full: true, rows: [], removed: [] });
    table.loaded.value = false;
    hello.value = control.value = alerts.value = current.value = null;
    decisions.value = [];
    heardAt.value = 0;
  });
}

setInterval(() => (tick.value = Date.now()), 1000);

let before = "";
effect(() => {
  const name = followed.value;
  if (name === before) return;
  before = name;
  current.value = null;
  connection.restart();
});

function take(message: Message): void {
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch {
    return; // half an event of a gateway that was stopped
  }
  batch(() => {
    tick.value = heardAt.value = Date.now();
    apply(message.event, data);
  });
}

function apply(event: string, data: unknown): void {
  switch (event) {
    case "hello":
      hello.value = data as Hello;
      skew.value = (data as Hello).now - Date.now();
      connections.value++;
      break;
    case "functions":
      table.apply(data as FunctionsEvent);
      break;
    case "decisions":
      decisions.value = ((data as ScaleEvent[] | null) ?? []).slice(-keptDecisions);
      break;
    case "decision":
      decisions.value = merge(decisions.value, data as ScaleEvent, keptDecisions);
      break;
    case "control":
      control.value = data as Control;
      break;
    case "alerts":
      alerts.value = data as AlertsEvent;
      break;
    case "function":
      if ((data as FunctionEvent).name === followed.peek()) current.value = data as FunctionEvent;
      break;
  }
}
