/** Being in a room: from the join request until the room, or this person's stay in it, is over. */
export type SessionState =
  | { at: "out" }
  | { at: "joining"; attempt: number; back: boolean; rejoins: number }
  /** `rejoins`: how often in a row a join was followed by a refused ticket. */
  | { at: "in"; rejoins: number }
  | { at: "waiting"; attempt: number; back: boolean; rejoins: number }
  | { at: "over"; code: string };

export type SessionInput =
  | { is: "enter" }
  | { is: "joined" }
  /** The doors take the ticket: all is well. */
  | { is: "settled" }
  | { is: "denied"; status: number; code: string; retryAfterS: number | null }
  /** A door does not know the ticket any more: it has expired, or the server has been restarted. */
  | { is: "ticket_refused" }
  /** The event stream's last word, or the room's end seen in an event. */
  | { is: "bye"; code: string }
  | { is: "leave" }
  | { is: "time" };

export type SessionEffect =
  | { do: "post_join"; back: boolean }
  | { do: "open_doors" }
  | { do: "close_doors" }
  | { do: "post_leave" }
  | { do: "back_off"; attempt: number; atLeastS: number | null };

export const OUT: SessionState = { at: "out" };

type Moved = readonly [SessionState, readonly SessionEffect[]];

export function stepSession(state: SessionState, input: SessionInput): Moved {
  switch (input.is) {
    case "enter":
      return state.at === "out" ? join(0, false, 0) : [state, []];
    case "joined":
      return state.at === "joining" ? [{ at: "in", rejoins: state.rejoins }, [{ do: "open_doors" }]] : [state, []];
    case "denied":
      return state.at === "joining" ? denied(state, input) : [state, []];
    case "settled":
      return state.at === "in" && state.rejoins > 0 ? [{ at: "in", rejoins: 0 }, []] : [state, []];
    case "ticket_refused":
      return state.at === "in" ? rejoin(state.rejoins) : [state, []];
    case "bye":
      return isOver(state) ? [state, []] : [{ at: "over", code: input.code }, [{ do: "close_doors" }]];
    case "leave":
      return isOver(state)
        ? [state, []]
        : [{ at: "over", code: "LEFT" }, [{ do: "close_doors" }, { do: "post_leave" }]];
    case "time":
      return state.at === "waiting" ? join(state.attempt + 1, state.back, state.rejoins) : [state, []];
  }
}

/** The first time at once; after that with pauses, so that doors which refuse every ticket are not hammered. */
function rejoin(rejoins: number): Moved {
  if (rejoins === 0) return join(0, true, 1);
  const waiting: SessionState = { at: "waiting", attempt: rejoins, back: true, rejoins: rejoins + 1 };
  return [waiting, [{ do: "back_off", attempt: rejoins, atLeastS: null }]];
}

function denied(
  { attempt, back, rejoins }: { attempt: number; back: boolean; rejoins: number },
  { status, code, retryAfterS }: Extract<SessionInput, { is: "denied" }>,
): Moved {
  // A full voice chat is an answer: who waits for a place is told so, and decides.
  const full = code === "ROOM_FULL";
  const passing = !full && (status === 0 || status === 408 || status === 429 || status >= 500);
  if (!passing) return [{ at: "over", code }, [{ do: "close_doors" }]];
  return [{ at: "waiting", attempt, back, rejoins }, [{ do: "back_off", attempt, atLeastS: retryAfterS }]];
}

function join(attempt: number, back: boolean, rejoins: number): Moved {
  return [{ at: "joining", attempt, back, rejoins }, [{ do: "post_join", back }]];
}

function isOver(state: SessionState): boolean {
  return state.at === "out" || state.at === "over";
}
