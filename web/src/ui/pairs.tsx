// Names with values: environment, labels, headers. An empty line is left out.
import { Icon } from "./icon";

export interface Pair {
  key: string;
  value: string;
}

export const toPairs = (map: Record<string, string> | undefined | null): Pair[] =>
  Object.entries(map ?? {}).map(([key, value]) => ({ key, value }));

export const fromPairs = (pairs: Pair[]): Record<string, string> =>
  Object.fromEntries(pairs.filter((p) => p.key.trim() !== "").map((p) => [p.key.trim(), p.value]));

interface Props {
  label: string;
  noun: string;
  pairs: Pair[];
  onChange: (pairs: Pair[]) => void;
  testid: string;
  hint?: string;
  /** By the index of the pair. */
  errors?: Record<number, string>;
  placeholders?: [string, string];
}

export function Pairs({ label, noun, pairs, onChange, testid, hint, errors = {}, placeholders = ["NAME", "value"] }: Props) {
  const set = (at: number, change: Partial<Pair>) => onChange(pairs.map((p, i) => (i === at ? { ...p, ...change } : p)));
  return (
    <fieldset class="pairs" data-testid={testid}>
      <legend class="label">{label}</legend>
      {hint && <div class="hint">{hint}</div>}
      {pairs.map((pair, i) => (
        // oxlint-disable-next-line react/no-array-index-key -- a line has no name of its own, and its name is what is typed
        <div key={i}>
          <div class="pair">
            <input
              class="input mono" value={pair.key} aria-label={`Name of ${noun} ${i + 1}`} placeholder={placeholders[0]}
              aria-invalid={Boolean(errors[i])} aria-describedby={errors[i] ? `${testid}-error-${i}` : undefined}
              data-testid={`${testid}-key-${i}`} autoComplete="off" spellcheck={false} autoCapitalize="off"
              onInput={(e) => set(i, { key: e.currentTarget.value })}
            />
            <input
              class="input mono" value={pair.value} aria-label={`Value of ${noun} ${i + 1}`} placeholder={placeholders[1]}
              data-testid={`${testid}-value-${i}`} autoComplete="off" spellcheck={false} autoCapitalize="off"
              onInput={(e) => set(i, { value: e.currentTarget.value })}
            />
            <button type="button" class="button bare icon" aria-label={`Take out ${noun} ${i + 1}`} onClick={() => onChange(pairs.filter((_, j) => j !== i))}>
              <Icon name="close" />
            </button>
          </div>
          {errors[i] && <div class="wrong" id={`${testid}-error-${i}`}><Icon name="warn" size={14} /> {errors[i]}</div>}
        </div>
      ))}
      <div>
        <button type="button" class="button tiny" data-testid={`${testid}-add`} onClick={() => onChange([...pairs, { key: "", value: "" }])}>
          <Icon name="plus" size={12} /> Add {noun}
        </button>
      </div>
    </fieldset>
  );
}
