// One connection to the stream that comes back by itself: after 0.5 s, then twice as long each time up to 5 s, and
// at once when the network or the tab is back.
//
// EventSource is not used: it gives up for good after an HTTP error, and cannot tell 401 from 503.
import { ask } from "../api/request";
import { Parser, type Message } from "./sse";

const firstWait = 500;
const longestWait = 5000;
// A connection on which nothing came for so long is dead, whatever the browser thinks of it.
const silence = 15_000;
// How long a page that nobody sees stays connected: a browser has six connections to a gateway, for all its tabs.
const unseen = 60_000;

export interface Options {
  url: () => string;
  onMessage: (message: Message) => void;
  onSignedOut: () => void;
}

export class Connection {
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private hiding: ReturnType<typeof setTimeout> | undefined;
  private wait = firstWait;
  private stopped = true;
  private readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  start(): void {
    if (!this.stopped) return;
    this.stopped = false;
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.seen);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.seen);
    clearTimeout(this.hiding);
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.abort?.abort();
    this.abort = null;
  }

  /** Connects anew, because the URL changed or the gateway said goodbye. */
  restart(): void {
    if (this.stopped) return;
    this.abort?.abort();
    this.abort = null;
    clearTimeout(this.timer);
    this.wait = firstWait;
    void this.connect();
  }

  private readonly seen = () => {
    clearTimeout(this.hiding);
    if (document.visibilityState === "hidden") this.hiding = setTimeout(() => this.pause(), unseen);
    else this.hurry();
  };

  // Until the page is seen again.
  private pause(): void {
    const abort = this.abort;
    this.abort = null;
    abort?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
  }

  private readonly hurry = () => {
    if (document.visibilityState === "hidden" || this.abort) return;
    clearTimeout(this.timer);
    this.wait = firstWait;
    void this.connect();
  };

  private async connect(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    this.heard();
    try {
      const answer = await ask(this.options.url(), { headers: { Accept: "text/event-stream" }, signal: abort.signal });
      if (answer.status === 401) {
        this.stop();
        this.options.onSignedOut();
        return;
      }
      if (answer.ok && answer.body) await this.read(answer.body, abort.signal);
      else void answer.body?.cancel();
    } catch {
      // Broken off or not reached: both are answered by the next attempt.
    }
    if (this.abort !== abort) return; // another connection took its place
    this.abort = null;
    clearTimeout(this.watchdog);
    if (this.stopped) return;
    // With some chance in it, so that all open pages do not come at once after a restart.
    this.timer = setTimeout(() => void this.connect(), this.wait * (0.75 + Math.random() / 2));
    this.wait = Math.min(this.wait * 2, longestWait);
  }

  private async read(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let over = false;
    const parser = new Parser((message) => {
      if (signal.aborted) return;
      this.wait = firstWait;
      if (message.event === "bye") over = true;
      else this.options.onMessage(message);
    });
    while (!over) {
      const { done, value } = await reader.read();
      if (done) return;
      this.heard();
      parser.push(decoder.decode(value, { stream: true }));
    }
    await reader.cancel();
  }

  private heard(): void {
    clearTimeout(this.watchdog);
    const abort = this.abort;
    this.watchdog = setTimeout(() => abort?.abort(), silence);
  }
}
