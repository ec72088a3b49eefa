// Replicas as a bar from none to the maximum: what is ready is filled, what is on its way hatched, a minimum above one a mark.

interface Props {
  ready: number;
  desired: number;
  min: number;
  max: number;
}

export function replicaWords({ ready, desired, min, max }: Props): string {
  return `${ready} ready of ${desired} desired, between ${min} and ${max}`;
}

export function ReplicaBar(props: Props) {
  const { ready, desired, min, max } = props;
  const most = Math.max(max, desired, ready, 1);
  const part = (n: number) => `${(n / most) * 100}%`;
  return (
    <div class="bar" role="img" aria-label={replicaWords(props)} title={replicaWords(props)}>
      {desired > ready && <i class="asked" style={{ width: part(desired) }} />}
      <i class="there" style={{ width: part(ready) }} />
      {min > 1 && min < most && <i class="least" style={{ left: part(min) }} />}
    </div>
  );
}
