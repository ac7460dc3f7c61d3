import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "../generated";
import { asProblem, Problem, problemOf } from "./problem";

const SAFE = new Set(["GET", "HEAD"]);

/** The session cookie alone must not be enough to change anything: another site could make the browser send it. */
const csrf: Middleware = {
  onRequest({ request }) {
    const token = cookie("palabre_csrf");
    if (!SAFE.has(request.method) && token !== null) request.headers.set("X-CSRF-Token", token);
    return request;
  },
};

/** Every refusal is thrown, so that no caller can take it for an answer. */
const refusals: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
};

/** The server's HTTP API, typed by its OpenAPI document. */
export const http = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
http.use(csrf, refusals);

/**
 * The body of an answer.
 * @throws Problem for every refusal and when the server cannot be reached.
 */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  const data = await granted(call);
  if (data === undefined) throw new Problem("UNEXPECTED", 0, "the server answered without a body");
  return data;
}

/** For requests that are answered without a body. @throws Problem */
export async function granted<T>(call: Promise<{ data?: T }>): Promise<T | undefined> {
  try {
    return (await call).data;
  } catch (error) {
    throw asProblem(error);
  }
}

function cookie(name: string): string | null {
  const prefix = `${name}=`;
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(prefix));
  return found === undefined ? null : decodeURIComponent(found.slice(prefix.length));
}
