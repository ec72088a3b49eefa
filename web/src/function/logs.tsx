// What a function writes, as it writes it.
import { useSignal } from "@preact/signals";
import { Component } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { clockTime, exact } from "../format/time";
import { plural } from "../format/number";
import { current } from "../stream/store";
import { Icon } from "../ui/icon";
import { Note } from "../ui/note";
import { append, type Block } from "./log-buffer";
import { follow, type LogLine } from "./log-stream";

const tail = 200;
const mostWaiting = 2000;

export function Logs({ name }: { name: string }) {
  const instance = useSignal("");
  const filter = useSignal("");
  const paused = useSignal(false);
  const wrap = useSignal(true);
  const blocks = useSignal<readonly Block[]>([]);
  const waiting = useSignal<LogLine[]>([]);
  const state = useSignal<{ state: string; error: string }>({ state: "connecting", error: "" });
  const chosen = instance.value;

  useEffect(() => {
    blocks.value = [];
    waiting.value = [];
    let batch: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      const lines = batch;
      batch = [];
      if (paused.peek()) waiting.value = [...waiting.peek(), ...lines].slice(-mostWaiting);
      else blocks.value = append(blocks.peek(), lines);
    };
    const stop = follow({
      name, instance: chosen, tail,
      onLines: (lines) => {
        batch.push(...lines);
        if (batch.length > mostWaiting) batch = batch.slice(-mostWaiting);
        timer ??= setTimeout(flush, 100);
      },
      onState: (s, error) => (state.value = { state: s, error }),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [name, chosen]);

  const goOn = () => {
    paused.value = false;
    blocks.value = append(blocks.peek(), waiting.peek());
    waiting.value = [];
  };

  const replicas = current.value?.replicas ?? [];
  const words = filter.value.toLowerCase();
  const shown = words === "" ? blocks.value : blocks.value.map((b) => matching(b, words)).filter((b) => b.lines.length > 0);
  const lines = blocks.value.reduce((n, b) => n + b.lines.length, 0);

  return (
    <section class="card" aria-label={`Logs of ${name}`}>
      <header class="log-tools">
        <div class="filter">
          <Icon name="search" />
          <input class="input" type="search" placeholder="Filter lines" aria-label="Filter lines" data-testid="log-filter" value={filter.value} onInput={(e) => (filter.value = e.currentTarget.value)} />
        </div>
        <select class="input fit" aria-label="Replica" data-testid="log-replica" value={chosen} onChange={(e) => (instance.value = e.currentTarget.value)}>
          <option value="">All replicas</option>
          {replicas.map((r) => <option key={r.id} value={r.id}>{r.id}</option>)}
          {chosen !== "" && !replicas.some((r) => r.id === chosen) && <option value={chosen}>{chosen} (gone)</option>}
        </select>
        <label class="check"><input type="checkbox" checked={wrap.value} onChange={(e) => (wrap.value = e.currentTarget.checked)} /> Wrap</label>
        <span class="grow" />
        <span class="faint small num" data-testid="log-state">
          {paused.value ? `paused, ${plural(waiting.value.length, "new line")}` : state.value.state === "following" ? `following, ${plural(lines, "line")}` : "connecting…"}
        </span>
        <button type="button" class="button" data-testid="log-pause" aria-pressed={paused.value} onClick={() => (paused.value ? goOn() : (paused.value = true))}>
          <Icon name={paused.value ? "play" : "pause"} /> {paused.value ? "Go on" : "Pause"}
        </button>
      </header>
      {state.value.error !== "" && <div class="inside"><Note kind="amber">{`${state.value.error} Trying again…`}</Note></div>}
      {lines === 0
        ? <div class="empty"><p>{state.value.state === "following" ? "It has not written anything yet. What it writes to its standard error appears here." : "Connecting…"}</p></div>
        : <Scroller blocks={shown} wrap={wrap.value} newest={blocks.value.at(-1)?.lines.at(-1)?.id ?? 0} />}
      {lines > 0 && shown.length === 0 && <div class="empty"><p>No line matches.</p></div>}
    </section>
  );
}

function matching(block: Block, words: string): Block {
  return { id: block.id, lines: block.lines.filter((l) => l.text.toLowerCase().includes(words)) };
}

/** Stays at the end while one is there, and where one reads otherwise. */
function Scroller({ blocks, wrap, newest }: { blocks: readonly Block[]; wrap: boolean; newest: number }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const away = useSignal(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [newest, blocks]);
  const toEnd = () => {
    atEnd.current = true;
    away.value = false;
    const element = box.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  return (
    <div class="log-frame">
      <div
        ref={box} class={wrap ? "log" : "log unwrapped"} tabIndex={0} role="log" aria-label="Lines" aria-live="off"
        onScroll={(e) => {
          const { scrollTop, scrollHeight, clientHeight } = e.currentTarget;
          atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
          away.value = !atEnd.current;
        }}
      >
        {blocks.map((b) => <LogBlock key={b.id} block={b} />)}
      </div>
      {away.value && <button type="button" class="button tiny to-end" onClick={toEnd}><Icon name="down" size={12} /> To the end</button>}
    </div>
  );
}

class LogBlock extends Component<{ block: Block }> {
  override shouldComponentUpdate(next: { block: Block }) {
    return next.block !== this.props.block;
  }

  override render() {
    return <div class="log-block">{this.props.block.lines.map((l) => <Line key={l.id} line={l} />)}</div>;
  }
}

function Line({ line }: { line: LogLine }) {
  const at = Date.parse(line.timestamp);
  return (
    <div class="log-line" data-testid="log-line">
      <time class="faint" dateTime={line.timestamp} title={exact(at)}>{clockTime(at)}</time>
      <span class="faint from" title={line.instance}>{line.instance}</span>
      <span class="text">{line.text}</span>
    </div>
  );
}
