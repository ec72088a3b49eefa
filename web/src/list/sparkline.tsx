// The load of the last five minutes as a line of 60 means.
import { rate } from "../format/number";
import { sparkPaths, type Spark } from "../stream/spark";
import { table } from "../stream/store";

const width = 120;
const height = 28;

export function Sparkline({ spark, unknown }: { spark: Spark; unknown: boolean }) {
  void table.step.value; // drawn anew when the steps move on
  let top = 0;
  for (const v of spark.means) if (v > top) top = v;
  const { line, area } = sparkPaths(spark.means, width, height);
  const text = unknown ? "The rate is not known" : `Rate of the last 5 minutes, at most ${rate(top)}`;
  return (
    <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={text}>
      <title>{text}</title>
      <path d={area} class="area" />
      <path d={line} class="line" />
    </svg>
  );
}
