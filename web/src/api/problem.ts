import { parseProblem } from "../wire";

/** A request the server refused (`code`, `status` ≥ 400), or could not be reached for (`code` "OFFLINE", `status` 0). */
export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    /** The server's own sentence, in its language; shown when this client has no words for the code. */
    readonly detail: string,
    /** Seconds the server asks to wait, from Retry-After. */
    readonly retryAfterS: number | null = null,
  ) {
    super(`${code} (${status}): ${detail}`);
    this.name = "Problem";
  }
}

export const OFFLINE = "OFFLINE";

/** Reads a failed response; without a problem document the code is `HTTP_<status>`. */
export async function problemOf(response: Response): Promise<Problem> {
  const document = parseProblem(await response.text());
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new Problem(
    document?.code ?? `HTTP_${response.status}`,
    response.status,
    document?.detail ?? document?.title ?? response.statusText,
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}

/** Any thrown value as a Problem: `fetch` rejects with a TypeError when the server cannot be reached. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem(OFFLINE, 0, error.message);
  return new Problem("UNEXPECTED", 0, error instanceof Error ? error.message : String(error));
}
