/**
 * One media path (hearing through WHEP or speaking through WHIP) as a state machine.
 *
 *   off ─start─► opening ─connected─► up ─disconnected─► shaky ─time─► restarting (ICE) ─► up
 *                  ▲  └─────────────── failed, refused by the network, time ──────► waiting ─time─► opening
 *                  └─ ticket ── stale (the server does not know the ticket or the participant any more)
 */
export type PathState =
  | { at: "off" }
  | { at: "opening"; attempt: number }
  | { at: "up" }
  | { at: "shaky" }
  | { at: "restarting" }
  | { at: "waiting"; attempt: number }
  | { at: "stale" }
  | { at: "refused"; code: string };

export type PathInput =
  | { is: "start" }
  | { is: "stop" }
  | { is: "connected" }
  | { is: "disconnected" }
  | { is: "failed" }
  | { is: "denied"; status: number; code: string; retryAfterS: number | null }
  | { is: "restart_denied" }
  /** Something else broke (the event stream): this path may be dead without knowing it yet. */
  | { is: "doubted" }
  /** A new ticket is there, and with it perhaps a new server. */
  | { is: "renewed" }
  | { is: "time" };

export type PathEffect =
  | { do: "open" }
  | { do: "close" }
  | { do: "restart_ice" }
  | { do: "renew_ticket" }
  | { do: "back_off"; attempt: number; atLeastS: number | null }
  | { do: "give"; ms: number };

export const OFF: PathState = { at: "off" };

/** How long a new session may take until sound flows. */
const OPENING_MS = 12_000;
/** A browser often mends a short interruption by itself. */
const SHAKY_MS = 2_000;
const RESTART_MS = 5_000;

type Moved = readonly [PathState, readonly PathEffect[]];

export function stepPath(state: PathState, input: PathInput): Moved {
  if (input.is === "stop") return state.at === "off" ? [state, []] : [OFF, [{ do: "close" }]];
  if (state.at === "off") return input.is === "start" ? open(0) : [state, []];
  switch (input.is) {
    case "start":
      return state.at === "refused" ? open(0) : [state, []];
    case "renewed":
      return afresh(0);
    case "denied":
      return denied(attemptOf(state), input);
    case "failed":
      return lost(attemptOf(state));
    case "connected":
      return state.at === "refused" || state.at === "stale" ? [state, []] : [{ at: "up" }, []];
    case "disconnected":
      return state.at === "up" ? [{ at: "shaky" }, [{ do: "give", ms: SHAKY_MS }]] : [state, []];
    case "doubted":
      return state.at === "up" || state.at === "shaky" ? restart() : [state, []];
    case "restart_denied":
      return state.at === "restarting" ? afresh(0) : [state, []];
    case "time":
      return timeUp(state);
  }
}

function timeUp(state: Exclude<PathState, { at: "off" }>): Moved {
  switch (state.at) {
    case "shaky":
      return restart();
    case "restarting":
      return afresh(0);
    case "opening":
      return lost(state.attempt);
    case "waiting":
      return open(state.attempt + 1);
    case "up":
    case "stale":
    case "refused":
      return [state, []];
  }
}

function denied(attempt: number, { status, code, retryAfterS }: Extract<PathInput, { is: "denied" }>): Moved {
  if (status === 401 || status === 404) return [{ at: "stale" }, [{ do: "close" }, { do: "renew_ticket" }]];
  const passing = status === 0 || status === 408 || status === 429 || status >= 500;
  if (!passing) return [{ at: "refused", code }, [{ do: "close" }]];
  return [{ at: "waiting", attempt }, [{ do: "close" }, { do: "back_off", attempt, atLeastS: retryAfterS }]];
}

function open(attempt: number): Moved {
  return [{ at: "opening", attempt }, [{ do: "open" }, { do: "give", ms: OPENING_MS }]];
}

function afresh(attempt: number): Moved {
  const [state, effects] = open(attempt);
  return [state, [{ do: "close" }, ...effects]];
}

function restart(): Moved {
  return [{ at: "restarting" }, [{ do: "restart_ice" }, { do: "give", ms: RESTART_MS }]];
}

function lost(attempt: number): Moved {
  return [{ at: "waiting", attempt }, [{ do: "close" }, { do: "back_off", attempt, atLeastS: null }]];
}

function attemptOf(state: PathState): number {
  return state.at === "opening" || state.at === "waiting" ? state.attempt : 0;
}
