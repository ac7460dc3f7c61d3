/** The only place where the state of a room changes. Pure: clocks and networks are the caller's. */
import type { RoomSnapshot } from "../wire";
import { fold, leavesGap, viewOf } from "./fold";
import { NOBODY_LISTED, type Listed, type RoomAction, type RoomState, type RoomView } from "./state";

export function reduce(state: RoomState, action: RoomAction): RoomState {
  switch (action.type) {
    case "session_moved":
      return { ...state, session: action.session };
    case "joined":
      return joined(state, action);
    case "snapshot":
      return withView(state, viewOf(action.snapshot));
    case "changed":
      return changed(state, action);
    case "told_speaking":
      return toldSpeaking(state, action.ids, action.atMs);
    case "heard_speaking":
      return heardSpeaking(state, action.csrcs, action.atMs);
    case "mic_wished":
      return wished(state, action.wanted);
    case "mic_troubled":
      return { ...state, mic: { ...state.mic, trouble: action.trouble } };
    case "link_moved":
      return { ...state, links: { ...state.links, [action.link]: action.at } };
    case "playback_moved":
      return { ...state, playback: action.playback };
    case "listed":
      return { ...state, listed: listed(state.listed, action.page, action.onto) };
  }
}

function joined(state: RoomState, { me, snapshot }: { me: RoomState["me"]; snapshot: RoomSnapshot }): RoomState {
  // A stream that is already further on must not be thrown back by the answer to an older join.
  const known = state.view?.room.id === snapshot.room.id ? state.view.version : -1;
  const next = { ...state, me, session: { at: "in" as const } };
  return snapshot.version >= known ? withView(next, viewOf(snapshot)) : next;
}

function changed(state: RoomState, { change }: Extract<RoomAction, { type: "changed" }>): RoomState {
  const view = state.view;
  if (view === null || change.version <= view.version || leavesGap(view.version, change)) return state;
  return withView(state, fold(view, change));
}

/** Takes the server's view over and draws from it what this person's microphone may do. */
function withView(state: RoomState, view: RoomView): RoomState {
  const actual = (state.me && view.participants.get(state.me.participantId)?.mic) ?? "muted_by_manager";
  const mutedByOther = actual === "muted" && state.mic.actual === "live" && state.links.speak === "up";
  const wanted = actual === "muted_by_manager" || mutedByOther ? "off" : state.mic.wanted;
  return { ...state, view, mic: { ...state.mic, actual, wanted } };
}

function wished(state: RoomState, wanted: "on" | "off"): RoomState {
  if (wanted === "on" && state.mic.actual === "muted_by_manager") return state;
  return { ...state, mic: { ...state.mic, wanted, trouble: wanted === "on" ? null : state.mic.trouble } };
}

function toldSpeaking(state: RoomState, ids: readonly string[], atMs: number): RoomState {
  const lastAt = stamped(state.speaking.lastAt, [...state.speaking.told, ...ids], atMs);
  return { ...state, speaking: { ...state.speaking, told: ids, lastAt } };
}

function heardSpeaking(state: RoomState, csrcs: readonly number[], atMs: number): RoomState {
  const touched = new Set([...state.speaking.heard, ...csrcs]);
  const ids = [...(state.view?.participants.values() ?? [])].filter((p) => touched.has(p.csrc)).map((p) => p.id);
  return { ...state, speaking: { ...state.speaking, heard: csrcs, lastAt: stamped(state.speaking.lastAt, ids, atMs) } };
}

function stamped(lastAt: ReadonlyMap<string, number>, ids: readonly string[], atMs: number): Map<string, number> {
  return new Map([...lastAt, ...ids.map((id) => [id, atMs] as const)]);
}

function listed(before: Listed, page: Listed, onto: "nothing" | "the_end"): Listed {
  if (onto === "nothing" || before === NOBODY_LISTED) return page;
  const known = new Set(before.items.map((row) => row.id));
  return { ...page, items: [...before.items, ...page.items.filter((row) => !known.has(row.id))] };
}
