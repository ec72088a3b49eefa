import { close, toasts } from "../toast";
import { Icon } from "./icon";

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((t) => (
        <div key={t.id} class={`toast ${t.kind}`} data-testid="toast" data-kind={t.kind}>
          <Icon name={t.kind === "done" ? "check" : "warn"} />
          <div class="grow">{t.text}</div>
          <button type="button" class="button bare icon tiny" aria-label="Close this message" onClick={() => close(t.id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}
