import { parseJson } from "../wire";
import { asProblem, problemOf } from "./problem";

export interface RequestOptions {
  body?: unknown;
  query?: Record<string, string | number | null | undefined>;
  /** Sent as Idempotency-Key: a repeat of the same creation answers with what the first one made. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

const SAFE = new Set(["GET", "HEAD"]);

/**
 * One call of the HTTP API. Answers with the parsed body, or undefined for 204.
 * @throws Problem for every refusal and when the server cannot be reached.
 */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const headers = headersFor(method, options);
  try {
    const response = await fetch(`/api/v1${path}${queryOf(options.query)}`, {
      method,
      headers,
      credentials: "same-origin",
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
    });
    if (!response.ok) throw await problemOf(response);
    return parseJson<T>((await response.text()) || "null");
  } catch (error) {
    throw asProblem(error);
  }
}

function headersFor(method: string, options: RequestOptions): Headers {
  const headers = new Headers({ Accept: "application/json" });
  if (options.body !== undefined) headers.set("Content-Type", "application/json");
  if (options.idempotencyKey !== undefined) headers.set("Idempotency-Key", options.idempotencyKey);
  // The session cookie alone must not be enough to change anything: another site could make the browser send it.
  const csrf = cookie("palabre_csrf");
  if (!SAFE.has(method) && csrf !== null) headers.set("X-CSRF-Token", csrf);
  return headers;
}

function queryOf(query: RequestOptions["query"]): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) params.set(name, String(value));
  }
  return params.size === 0 ? "" : `?${params}`;
}

function cookie(name: string): string | null {
  const prefix = `${name}=`;
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(prefix));
  return found === undefined ? null : decodeURIComponent(found.slice(prefix.length));
}
