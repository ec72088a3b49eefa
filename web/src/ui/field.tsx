// A labelled field with a hint and its error.
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icon";

interface Props {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  action?: ComponentChildren;
  children: (attributes: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => JSX.Element;
}

export function Field({ label, hint, error, action, children }: Props) {
  const id = useId();
  const about = [error ? `${id}-error` : "", hint ? `${id}-hint` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <div class="row between"><label class="label" for={id}>{label}</label>{action}</div>
      {children({ id, "aria-describedby": about || undefined, "aria-invalid": Boolean(error) })}
      {error && <div class="wrong" id={`${id}-error`}><Icon name="warn" size={14} /><span class="break">{error}</span></div>}
      {hint && <div class="hint" id={`${id}-hint`}>{hint}</div>}
    </div>
  );
}

interface InputProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  testid: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  action?: ComponentChildren;
  placeholder?: string;
  mono?: boolean;
  disabled?: boolean;
  numeric?: boolean;
  /** It belongs to no form, though it stands inside one: Enter sends none. */
  apart?: boolean;
}

/** A line of text, which most fields are. */
export function TextField(p: InputProps) {
  return (
    <Field label={p.label} hint={p.hint} error={p.error} action={p.action}>
      {(attributes) => (
        <input
          {...attributes} class={p.mono ? "input mono" : "input"} value={p.value} data-testid={p.testid}
          placeholder={p.placeholder} disabled={p.disabled} autoComplete="off" spellcheck={false} autoCapitalize="off"
          inputMode={p.numeric ? "decimal" : undefined} {...(p.apart ? { form: "" } : {})} onInput={(e) => p.onInput(e.currentTarget.value)}
        />
      )}
    </Field>
  );
}
