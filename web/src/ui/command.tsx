// Text to copy, with a button that does it.
import { useEffect, useState } from "preact/hooks";
import { complain } from "../toast";
import { Icon } from "./icon";

export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Pages over plain HTTP have no clipboard of their own.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "unseen";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not allow it");
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button" class="button bare icon tiny" aria-label={copied ? "Copied" : label} title={copied ? "Copied" : label}
      onClick={() => copyText(text).then(() => setCopied(true), (error) => complain("Not copied", error))}
    >
      <Icon name={copied ? "check" : "copy"} />
    </button>
  );
}

export function Command({ text, label }: { text: string; label: string }) {
  return <div class="command"><pre>{text}</pre><CopyButton text={text} label={label} /></div>;
}
