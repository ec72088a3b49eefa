// A time relative to now, with the exact one on hover.
import { clock, skew } from "../stream/store";
import { exact, relative } from "../format/time";

export function Ago({ at }: { at: string | number }) {
  const ms = typeof at === "number" ? at : Date.parse(at);
  if (!(ms > 0)) return <span class="faint">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)} class="num nowrap">
      {relative(ms, clock.value + skew.value)}
    </time>
  );
}
