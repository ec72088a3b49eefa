// Who is signed in. The cookie is the gateway's own matter: no script can read it.
import { signal } from "@preact/signals";
import { ask, failure, RequestError, whenSignedOut } from "./api/request";
import { base, go, guardLeaving, route, whereabouts } from "./route";
import { startStream, stopStream } from "./stream/store";

export interface Session {
  user: string;
  open: boolean;
}

export type SessionState = "unknown" | "signed-out" | "unreachable" | Session;
export const session = signal<SessionState>("unknown");

/** Why the sign-in page is shown, where it was not asked for. */
export const endedSession = signal(false);

export async function restoreSession(): Promise<void> {
  try {
    const answer = await ask("/ui/session");
    if (answer.ok) {
      begin((await answer.json()) as Session);
      return;
    }
    if (answer.status === 401) {
      leave(false);
      return;
    }
  } catch {
    // Tried again below.
  }
  session.value = "unreachable";
  setTimeout(() => void restoreSession(), 2000);
}

export async function signIn(user: string, password: string): Promise<void> {
  let answer: Response;
  try {
    answer = await ask("/ui/session", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ user, password }),
    });
  } catch {
    throw new RequestError(0, "The gateway cannot be reached.");
  }
  if (!answer.ok) throw await failure(answer);
  begin({ user, open: false });
}

export async function signOut(): Promise<void> {
  const answer = await ask("/ui/session", { method: "DELETE" });
  if (!answer.ok && answer.status !== 401) throw await failure(answer);
  leave(false);
  for (const forget of forgetting) forget();
}

function begin(s: Session): void {
  session.value = s;
  endedSession.value = false;
  startStream();
  const r = route.peek();
  if (r.page === "sign-in") go(r.next, "replace");
}

const forgetting: (() => void)[] = [];

/** What is done when somebody signs out, so that the next one does not see what was typed. */
export function whenSigningOut(forget: () => void): void {
  forgetting.push(forget);
}

function leave(ended: boolean): void {
  stopStream();
  session.value = "signed-out";
  endedSession.value = ended;
  if (route.peek().page === "sign-in") return;
  guardLeaving(null); // there is nothing to choose
  const at = whereabouts.peek();
  go(`${base}sign-in${ended || at !== base ? `?next=${encodeURIComponent(at)}` : ""}`, "replace");
}

whenSignedOut(() => {
  const s = session.peek();
  if (typeof s === "object") leave(true);
});
