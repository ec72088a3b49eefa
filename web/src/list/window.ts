// Which rows of a long list are near the visible part of the page; the others are left out.

export interface Window {
  from: number;
  to: number;
}

// Lists up to this length are drawn whole: then the browser's own search finds everything.
const whole = 80;
const margin = 12;

export function windowOf(count: number, rowHeight: number, listTop: number, viewHeight: number): Window {
  if (count <= whole || rowHeight <= 0) return { from: 0, to: count };
  const first = Math.floor(-listTop / rowHeight) - margin;
  const last = Math.ceil((viewHeight - listTop) / rowHeight) + margin;
  // In steps of four and with an even start, so that few scrolls draw anew and stripes keep their colour.
  const from = Math.max(0, Math.min(first - (first % 4), count - 1));
  return { from, to: Math.max(from + 1, Math.min(count, last + 4 - (last % 4))) };
}
