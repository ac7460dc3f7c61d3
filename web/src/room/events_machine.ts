/**
 * The event stream of one topic as a state machine. It keeps the version of the last message, so that a stream that
 * comes back goes on from there, and a gap is answered with a stream from the beginning (a fresh snapshot).
 */
export type EventsState =
  | { at: "off" }
  | { at: "opening"; attempt: number; version: number | null }
  | { at: "up"; version: number | null }
  | { at: "waiting"; attempt: number; version: number | null }
  | { at: "stale"; version: number | null };

export type EventsInput =
  /** Begins, or begins again with the ticket that is there now. `version`: what is known already. */
  | { is: "start"; version: number | null }
  | { is: "stop" }
  | { is: "opened" }
  | { is: "snapshot"; version: number }
  | { is: "change"; after: number; version: number }
  | { is: "alive" }
  | { is: "lost" }
  | { is: "denied"; status: number; retryAfterS: number | null }
  | { is: "time" };

export type EventsEffect =
  | { do: "open"; lastEventId: number | null }
  | { do: "close" }
  | { do: "renew_ticket" }
  /** The stream is back after having been lost. */
  | { do: "tell_back" }
  | { do: "back_off"; attempt: number; atLeastS: number | null }
  | { do: "give"; ms: number };

export const EVENTS_OFF: EventsState = { at: "off" };

/** The server sends at least a comment every 15 s; silence for longer than two of them is a dead connection. */
const SILENCE_MS = 35_000;
const OPENING_MS = 10_000;

type Moved = readonly [EventsState, readonly EventsEffect[]];

export function stepEvents(state: EventsState, input: EventsInput): Moved {
  if (input.is === "stop") return state.at === "off" ? [state, []] : [EVENTS_OFF, [{ do: "close" }]];
  if (input.is === "start") return state.at === "off" ? open(0, input.version) : afresh(input.version);
  if (state.at === "off") return [state, []];
  switch (input.is) {
    case "opened":
      return opened(state);
    case "alive":
      return state.at === "up" ? up(state.version) : [state, []];
    case "snapshot":
      return state.at === "up" ? up(input.version) : [state, []];
    case "change":
      return change(state, input);
    case "denied":
      return denied(state, input);
    case "lost":
      return lost(state);
    case "time":
      return state.at === "waiting" ? open(state.attempt + 1, state.version) : lost(state);
  }
}

type Running = Exclude<EventsState, { at: "off" }>;

function opened(state: Running): Moved {
  if (state.at !== "opening") return [state, []];
  const [next, effects] = up(state.version);
  return [next, state.attempt > 0 ? [...effects, { do: "tell_back" }] : effects];
}

function change(state: Running, { after, version }: { after: number; version: number }): Moved {
  if (state.at !== "up") return [state, []];
  if (state.version !== null && version <= state.version) return up(state.version);
  return state.version === null || after > state.version ? afresh(null) : up(version);
}

function denied(state: Running, { status, retryAfterS }: { status: number; retryAfterS: number | null }): Moved {
  const { version } = state;
  if (status === 401 || status === 403 || status === 404) {
    return [{ at: "stale", version }, [{ do: "close" }, { do: "renew_ticket" }]];
  }
  return wait(attemptOf(state), version, retryAfterS);
}

function lost(state: Running): Moved {
  return state.at === "stale" || state.at === "waiting" ? [state, []] : wait(attemptOf(state), state.version, null);
}

function wait(attempt: number, version: number | null, atLeastS: number | null): Moved {
  return [{ at: "waiting", attempt, version }, [{ do: "close" }, { do: "back_off", attempt, atLeastS }]];
}

function up(version: number | null): Moved {
  return [{ at: "up", version }, [{ do: "give", ms: SILENCE_MS }]];
}

function open(attempt: number, version: number | null): Moved {
  return [
    { at: "opening", attempt, version },
    [
      { do: "open", lastEventId: version },
      { do: "give", ms: OPENING_MS },
    ],
  ];
}

function afresh(version: number | null): Moved {
  const [state, effects] = open(0, version);
  return [state, [{ do: "close" }, ...effects]];
}

function attemptOf(state: Running): number {
  return state.at === "opening" || state.at === "waiting" ? state.attempt : 0;
}
