// A modal dialog. The browser's own element keeps the focus inside and closes on Esc.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface Props {
  title: string;
  onClose: () => void;
  /** What Enter in a field does, where the dialog has no form of its own: it may stand inside one. */
  onEnter?: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, onEnter, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  const pressed = useRef<EventTarget | null>(null); // where: text that is selected beyond the edge is no click beside it
  const onKeyDown = (e: KeyboardEvent) => {
    if (!onEnter || e.key !== "Enter" || !(e.target instanceof HTMLInputElement)) return;
    e.preventDefault();
    onEnter();
  };
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref} aria-labelledby={id} onClose={onClose} onKeyDown={onKeyDown}
      onPointerDown={(e) => (pressed.current = e.target)}
      onClick={(e) => e.target === e.currentTarget && pressed.current === e.currentTarget && onClose()}
    >
      <div class="inside">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
