// Requests to the gateway. Its errors are texts for people, and are shown as they are.

export class RequestError extends Error {
  readonly status: number;
  /** Seconds until another attempt makes sense; 0 where the gateway does not say. */
  readonly retryAfter: number;

  constructor(status: number, message: string, retryAfter = 0) {
    super(message);
    this.name = "RequestError";
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

let onSignedOut = () => {};

/** What is done when a call finds that the session has ended. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

export function signedOut(): void {
  onSignedOut();
}

/** Fails with the text that the gateway gave, or with words of its own where it gave none. */
export async function failure(answer: Response): Promise<RequestError> {
  let text = "";
  try {
    text = (await answer.text()).trim();
  } catch {
    // The status alone has to do.
  }
  if (text === "" || text.startsWith("<")) text = `The gateway answered ${answer.status} ${answer.statusText}`.trim();
  return new RequestError(answer.status, text.slice(0, 2000), Number(answer.headers.get("Retry-After")) || 0);
}

export type Ask = Omit<RequestInit, "headers"> & { headers?: Record<string, string> };

/** Asks the gateway, and says that it is the portal who asks: over plain HTTP a browser would else open a window of its own for
 * the password. */
export function ask(path: string, init: Ask = {}): Promise<Response> {
  return fetch(path, {
    credentials: "same-origin", cache: "no-store", ...init, headers: { ...init.headers, "X-Requested-With": "portal" },
  });
}

export async function send(path: string, init: Ask = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await ask(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new RequestError(0, "The gateway cannot be reached.");
  }
  if (answer.ok) return answer;
  const error = await failure(answer);
  if (answer.status === 401 && path.startsWith("/system/")) onSignedOut();
  throw error;
}

export async function readJSON<T>(path: string, signal?: AbortSignal): Promise<T> {
  const answer = await send(path, { headers: { Accept: "application/json" }, ...(signal ? { signal } : {}) });
  return (await answer.json()) as T;
}

export function sendJSON(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  return send(path, {
    method,
    ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
}

/** The words of an error for a person. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function aborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
