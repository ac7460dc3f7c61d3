import type { RoomState } from "./state";

/** What the client is doing, for the status line; the words are in the language catalogues. */
export type Status =
  | "joining"
  | "coming_back"
  | "over"
  | "connecting_sound"
  | "sound_lost"
  | "sound_refused"
  | "events_lost"
  | "voice_connecting"
  | "voice_lost"
  | "connected";

/** The most important thing first: one line, one thing. */
export function statusOf(state: RoomState): Status {
  const { session, links } = state;
  if (session.at !== "in") return session.at;
  if (links.hear === "refused") return "sound_refused";
  if (links.hear === "shaky" || links.hear === "waiting" || links.hear === "stale") return "sound_lost";
  if (links.hear !== "up") return "connecting_sound";
  if (links.events === "waiting" || links.events === "stale") return "events_lost";
  if (state.mic.wanted === "off") return "connected";
  if (links.speak === "shaky" || links.speak === "waiting" || links.speak === "stale") return "voice_lost";
  return links.speak === "opening" ? "voice_connecting" : "connected";
}
