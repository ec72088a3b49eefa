// The lines of a function's log: followed, bounded, and given out in batches.
import { aborted, ask, failure, signedOut, words } from "../api/request";
import type { LogMessage } from "../api/types";

export interface LogLine extends LogMessage {
  id: number;
}

export interface LogOptions {
  name: string;
  instance: string;
  tail: number;
  onLines: (lines: LogLine[]) => void;
  onState: (state: "connecting" | "following" | "waiting", error: string) => void;
}

let lastID = 0;
const longestWait = 5000;

/** Splits lines of JSON that come in any pieces. What is no JSON is left out. */
export class Lines {
  private rest = "";

  push(text: string): LogMessage[] {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    const messages: LogMessage[] = [];
    for (const line of lines) {
      if (line.trim() === "") continue;
      try {
        messages.push(JSON.parse(line) as LogMessage);
      } catch {
        // Half a line of a connection that broke.
      }
    }
    return messages;
  }
}

/** A time as text that sorts: the gateway leaves out zeros at the end. */
export function sortable(timestamp: string): string {
  const parts = /^(.{19})(?:\.(\d+))?/.exec(timestamp);
  return parts ? `${parts[1]}.${(parts[2] ?? "").padEnd(9, "0")}` : timestamp;
}

// How far the clocks of two nodes may be apart.
const skew = 60_000;

/** What was heard of each replica, so that nothing is shown twice after a break. Replicas have clocks of their own. */
export class Heard {
  private readonly newest = new Map<string, string>();

  note(m: LogMessage): void {
    const at = sortable(m.timestamp);
    if (at > (this.newest.get(m.instance) ?? "")) this.newest.set(m.instance, at);
  }

  /** From when on to ask. Empty: nothing was heard. */
  since(): string {
    const all = [...this.newest.values()].toSorted();
    const oldest = all[0], newest = all.at(-1);
    if (oldest === undefined || newest === undefined) return "";
    const least = sortable(new Date(Date.parse(`${newest}Z`) - skew).toISOString());
    return `${oldest > least ? oldest : least}Z`;
  }

  /** A test for what is new, as of now. */
  fresh(): (m: LogMessage) => boolean {
    const before = new Map(this.newest);
    return (m) => sortable(m.timestamp) > (before.get(m.instance) ?? "");
  }
}

/** Follows until it is stopped, and connects anew when the connection ends. */
export function follow(options: LogOptions): () => void {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = 500;
  const heard = new Heard();

  const connect = async () => {
    options.onState("connecting", "");
    let problem = "";
    try {
      const query = new URLSearchParams({ name: options.name, follow: "true" });
      // After a break only what is new: the older lines are here already.
      const since = heard.since();
      if (since === "") query.set("tail", String(options.tail));
      else query.set("since", since);
      if (options.instance !== "") query.set("instance", options.instance);
      const answer = await ask(`/system/logs?${query}`, { signal: abort.signal });
      if (answer.status === 401) {
        signedOut();
        return;
      }
      if (!answer.ok || !answer.body) throw await failure(answer);
      options.onState("following", "");
      wait = 500;
      await read(answer.body);
    } catch (e) {
      if (aborted(e) || abort.signal.aborted) return;
      problem = words(e);
    }
    if (abort.signal.aborted) return;
    options.onState("waiting", problem);
    timer = setTimeout(() => void connect(), wait);
    wait = Math.min(wait * 2, longestWait);
  };

  const read = async (body: ReadableStream<Uint8Array>) => {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const lines = new Lines();
    const isNew = heard.fresh();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const fresh = lines.push(decoder.decode(value, { stream: true })).filter(isNew);
      if (fresh.length === 0) continue;
      for (const m of fresh) heard.note(m);
      options.onLines(fresh.map((m) => ({ ...m, id: ++lastID })));
    }
  };

  void connect();
  return () => {
    abort.abort();
    clearTimeout(timer);
  };
}
