// What the lines are, with their values where the pointer is, or now.
interface Entry {
  label: string;
  token: string;
  value: string;
  dashed?: boolean;
  block?: boolean;
}

export function Legend({ entries, at }: { entries: Entry[]; at: string }) {
  return (
    <div class="legend num">
      <span class="faint at">{at}</span>
      {entries.map((e) => (
        <span key={e.label}>
          <svg width="14" height="8" viewBox="0 0 14 8" aria-hidden="true">
            {e.block
              ? <rect width="14" height="8" rx="2" fill={`var(--${e.token})`} opacity="0.5" />
              : <path d="M0 4h14" stroke={`var(--${e.token})`} stroke-width="2" stroke-dasharray={e.dashed ? "4 2" : undefined} />}
          </svg>
          <span class="muted">{e.label}</span> <b>{e.value}</b>
        </span>
      ))}
    </div>
  );
}
