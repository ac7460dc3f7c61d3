/** Questions the views ask of the room's state. Pure. */
import type { Participant } from "../wire";
import type { RoomState } from "./state";

/** Who was heard this recently comes first on the stage. */
export const RECENT_MS = 300_000;

/**
 * Is this participant speaking now? What is in the sound decides, so that the ring moves with the voice; the server's
 * word counts for one's own voice, which one does not receive, and while no sound arrives.
 */
export function isSpeaking(state: RoomState, who: Participant): boolean {
  if (who.mic !== "live") return false;
  const bySound = state.links.hear === "up" && state.playback === "allowed" && who.id !== state.me?.participantId;
  return bySound ? state.speaking.heard.includes(who.csrc) : state.speaking.told.includes(who.id);
}

/** The speakers: recently heard first, then the newest. */
export function stage(state: RoomState, nowMs: number): Participant[] {
  const recent = (p: Participant) => (nowMs - (state.speaking.lastAt.get(p.id) ?? -Infinity) <= RECENT_MS ? 0 : 1);
  return everyone(state)
    .filter((p) => p.mic !== "muted_by_manager")
    .sort((a, b) => recent(a) - recent(b) || b.joined_at.localeCompare(a.joined_at) || a.id.localeCompare(b.id));
}

/** Raised hands, first come first served. */
export function hands(state: RoomState): Participant[] {
  return everyone(state)
    .filter((p) => p.hand !== null)
    .sort((a, b) => (a.hand?.raised_at ?? "").localeCompare(b.hand?.raised_at ?? ""));
}

/** Own place in the queue, from 1; null without a raised hand. */
export function handPosition(state: RoomState): number | null {
  const index = hands(state).findIndex((p) => p.id === state.me?.participantId);
  return index < 0 ? null : index + 1;
}

/** The rows of the paged list that are not on the stage. */
export function listeners(state: RoomState): Participant[] {
  const onStage = new Set(stage(state, 0).map((p) => p.id));
  return state.listed.items
    .map((row) => state.view?.participants.get(row.id) ?? row)
    .filter((row) => !onStage.has(row.id));
}

/** Why the list has no rows, where `query` is searched for. */
export function emptiness(state: RoomState, query: string): "nobody" | "not_found" | "not_read" {
  if (query !== "") return state.listed.query === query ? "not_found" : "not_read";
  const counts = state.view?.counts;
  return counts !== undefined && counts.in_room <= counts.speakers ? "nobody" : "not_read";
}

export function myself(state: RoomState): Participant | null {
  return (state.me && state.view?.participants.get(state.me.participantId)) ?? null;
}

function everyone(state: RoomState): Participant[] {
  return [...(state.view?.participants.values() ?? [])];
}
