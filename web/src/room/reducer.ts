/** The only place where the state of a room changes. Pure: clocks and networks are the caller's. */
import { fold, leavesGap, viewOf } from "./fold";
import { NOBODY_LISTED, type Listed, type RoomAction, type RoomState, type RoomView } from "./state";

/** For this long after an own wish, news of the own microphone may still be the answer to an earlier one. */
const ECHO_MS = 3_000;

export function reduce(state: RoomState, action: RoomAction): RoomState {
  switch (action.type) {
    case "session_moved":
      return { ...state, session: action.session };
    case "joined":
      return joined(state, action);
    case "snapshot":
      return withView(state, viewOf(action.snapshot), action.atMs);
    case "changed":
      return changed(state, action);
    case "told_speaking":
      return toldSpeaking(state, action.ids, action.atMs);
    case "heard_speaking":
      return heardSpeaking(state, action.csrcs, action.atMs);
    case "mic_wished":
      return wished(state, action.wanted, action.atMs);
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

function joined(state: RoomState, { me, snapshot, atMs }: Extract<RoomAction, { type: "joined" }>): RoomState {
  // A stream that is already further on must not be thrown back by the answer to an older join.
  const known = state.view?.room.id === snapshot.room.id ? state.view.version : -1;
  const next = { ...state, me, session: { at: "in" as const } };
  return snapshot.version >= known ? withView(next, viewOf(snapshot), atMs) : next;
}

function changed(state: RoomState, { change, atMs }: Extract<RoomAction, { type: "changed" }>): RoomState {
  const view = state.view;
  if (view === null || change.version <= view.version || leavesGap(view.version, change)) return state;
  return withView(state, fold(view, change), atMs);
}

/** Takes the server's view over and draws from it what this person's microphone may do. */
function withView(state: RoomState, view: RoomView, atMs: number): RoomState {
  const actual = (state.me && view.participants.get(state.me.participantId)?.mic) ?? "muted_by_manager";
  // While a path is being mended the server mutes without meaning it, and an own wish makes echoes: neither is a person.
  const quiet = state.links.speak === "up" && atMs - state.mic.wishedAtMs > ECHO_MS;
  const mutedByOther = actual === "muted" && state.mic.actual === "live" && quiet;
  const wanted = actual === "muted_by_manager" || mutedByOther ? "off" : state.mic.wanted;
  return { ...state, view, mic: { ...state.mic, actual, wanted } };
}

function wished(state: RoomState, wanted: "on" | "off", atMs: number): RoomState {
  if (wanted === "on" && state.mic.actual === "muted_by_manager") return state;
  return {
    ...state,
    mic: { ...state.mic, wanted, wishedAtMs: atMs, trouble: wanted === "on" ? null : state.mic.trouble },
  };
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
