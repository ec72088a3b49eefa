// A choice of few, as buttons in a row.
interface Props<T extends string | number> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  testid?: string;
}

export function Choice<T extends string | number>({ label, value, options, onChange, testid }: Props<T>) {
  return (
    <div class="choice" role="group" aria-label={label} data-testid={testid}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>{text}</button>
      ))}
    </div>
  );
}
