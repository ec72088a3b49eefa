import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

const icons: Record<string, IconName> = { red: "warn", amber: "warn", ice: "frozen", plain: "info" };

export function Note({ kind = "plain", children }: { kind?: "plain" | "red" | "amber" | "ice"; children: ComponentChildren }) {
  return (
    <div class={`note ${kind}`} role={kind === "red" ? "alert" : undefined}>
      <Icon name={icons[kind] ?? "info"} />
      <div class="grow">{children}</div>
    </div>
  );
}
