import { useState } from "preact/hooks";
import { RequestError, words } from "../api/request";
import { endedSession, signIn } from "../session";
import { Field } from "../ui/field";
import { Logo } from "../ui/icon";
import { Note } from "../ui/note";

export function SignIn() {
  const [user, setUser] = useState("admin");
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      await signIn(user, password);
    } catch (e) {
      setBusy(false);
      const wait = e instanceof RequestError && e.retryAfter > 0 ? ` Try again in ${e.retryAfter} s.` : "";
      setError(words(e) + wait);
    }
  };

  return (
    <main class="sign-in" id="main">
      <div class="row"><Logo /><h1>faas</h1></div>
      <form class="card" onSubmit={submit}>
        {endedSession.value && error === "" && <Note>The session has ended. Sign in to go on where you were.</Note>}
        {error !== "" && <Note kind="red">{error}</Note>}
        <Field label="User">
          {(a) => (
            <input
              {...a} class="input" value={user} required autoComplete="username" autoCapitalize="off" spellcheck={false}
              data-testid="sign-in-user" onInput={(e) => setUser(e.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Password" hint={<>On the gateway's machine: <code>.faas/secrets/basic-auth-password</code></>}>
          {(a) => (
            <input
              {...a} class="input" type="password" value={password} required autoComplete="current-password"
              data-testid="sign-in-password" autoFocus onInput={(e) => setPassword(e.currentTarget.value)}
            />
          )}
        </Field>
        <button class="button primary" type="submit" disabled={busy} data-testid="sign-in-submit">{busy ? "Signing in…" : "Sign in"}</button>
      </form>
    </main>
  );
}
