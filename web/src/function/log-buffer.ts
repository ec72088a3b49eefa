// A bounded buffer of log lines in blocks: only blocks that changed are drawn anew.
import type { LogLine } from "./log-stream";

export interface Block {
  id: number;
  lines: readonly LogLine[];
}

export const blockSize = 100;
export const mostBlocks = 20;

export function append(blocks: readonly Block[], lines: LogLine[]): readonly Block[] {
  if (lines.length === 0) return blocks;
  const next = [...blocks];
  let at = 0;
  const last = next.at(-1);
  if (last && last.lines.length < blockSize) {
    at = blockSize - last.lines.length;
    next[next.length - 1] = { id: last.id, lines: [...last.lines, ...lines.slice(0, at)] };
  }
  for (; at < lines.length; at += blockSize) {
    next.push({ id: (next.at(-1)?.id ?? 0) + 1, lines: lines.slice(at, at + blockSize) });
  }
  return next.slice(-mostBlocks);
}
