// The answer to a call.
import { useMemo } from "preact/hooks";
import { bytes as bytesWords, seconds } from "../format/number";
import { say } from "../toast";
import { CopyButton } from "../ui/command";
import { Note } from "../ui/note";
import { bodyText, type Answer } from "./call";

export function AnswerView({ name, answer: a }: { name: string; answer: Answer }) {
  const body = useMemo(() => bodyText(a.bytes, a.type), [a]);
  const good = a.status >= 200 && a.status < 400;
  return (
    <>
      <div class="row between wrap">
        <h2>Answer</h2>
        <div class="row wrap num">
          <span class={`pill ${good ? "green" : a.redirect ? "amber" : "red"}`} data-testid="invoke-status" data-status={a.status}>
            {a.redirect ? "redirect" : `${a.status} ${a.statusText}`.trim()}
          </span>
          <span title="From here, until the whole answer was there">{seconds(a.took)}</span>
        </div>
      </div>
      {a.platform && a.status !== 202 && <Note kind="amber">The platform answered, not the function.</Note>}
      {a.redirect && <Note>The function answered with a redirect. The browser does not tell a page where to: copy the call as curl to see it.</Note>}
      {a.status === 202 && a.callID !== "" && a.bytes.length === 0 && <Note>The call is kept, and made as soon as there is room. The logs show when.</Note>}
      <dl class="facts">
        {a.duration !== null && <div><dt>In the gateway</dt><dd class="num">{seconds(a.duration)}</dd></div>}
        {a.coldStart !== null && <div><dt>Waited for a replica</dt><dd class="num">{seconds(a.coldStart)}</dd></div>}
        {a.callID !== "" && <div><dt>Call ID</dt><dd class="mono break" data-testid="invoke-call-id">{a.callID}</dd></div>}
        <div><dt>Body</dt><dd class="num">{bytesWords(a.bytes.length)}{a.cut ? ", the rest was left" : ""}{a.type ? <span class="faint"> {a.type}</span> : null}</dd></div>
      </dl>
      {a.bytes.length > 0 && (
        <div class="command">
          <pre class="response" data-testid="invoke-response" tabIndex={0} role="region" aria-label="Body of the answer">{body.text}</pre>
          {body.kind !== "bytes" && <CopyButton text={body.text} label="Copy the body" />}
        </div>
      )}
      {a.bytes.length === 0 && <p class="faint" data-testid="invoke-response">The body is empty.</p>}
      {(body.cut || body.kind === "bytes") && (
        <div><button type="button" class="button tiny" onClick={() => save(name, a)}>Save the body as a file</button></div>
      )}
      <details>
        <summary>Headers <span class="faint num">{a.headers.length}</span></summary>
        <dl class="facts mono">{a.headers.map(([k, v]) => <div key={k}><dt>{k}</dt><dd class="break">{v}</dd></div>)}</dl>
      </details>
    </>
  );
}

function save(name: string, a: Answer): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([a.bytes as BlobPart], { type: "application/octet-stream" }));
  link.download = `${name}.bin`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`Saved as ${link.download}.`);
}
