// What people type, read strictly.

/** A whole number, or NaN. */
export function whole(text: string): number {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : NaN;
}

/** A number that may have a fraction, or NaN. */
export function decimal(text: string): number {
  return /^\d{1,15}(\.\d+)?$/.test(text.trim()) ? Number(text.trim()) : NaN;
}

const memoryUnits: [string, number][] = [
  ["Ki", 2 ** 10], ["Mi", 2 ** 20], ["Gi", 2 ** 30], ["Ti", 2 ** 40],
  ["k", 1e3], ["K", 1e3], ["M", 1e6], ["m", 2 ** 20], ["G", 1e9], ["g", 2 ** 30], ["T", 1e12], ["", 1],
];

/** Bytes of a quantity such as 128Mi, or NaN. The gateway reads the same units. */
export function memory(text: string): number {
  for (const [suffix, factor] of memoryUnits) {
    if (text.endsWith(suffix)) return decimal(text.slice(0, text.length - suffix.length)) * factor;
  }
  return NaN;
}

/** Millicores of a quantity such as 100m or 0.5, or NaN. */
export function cpu(text: string): number {
  if (text.endsWith("m")) return decimal(text.slice(0, -1));
  const n = decimal(text);
  return n >= 1e6 ? n / 1e6 : n * 1000;
}
