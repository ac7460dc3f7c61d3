import type { Change, Participant, RoomEvent, RoomSnapshot } from "../wire";
import type { RoomView } from "./state";

export function viewOf(snapshot: RoomSnapshot): RoomView {
  return { ...snapshot, participants: byId(snapshot.participants) };
}

/** The twin of the server's `evolve`: old view + change = the view a fresh snapshot would give. */
export function fold(view: RoomView, change: Change<RoomEvent>): RoomView {
  return { ...change.events.reduce(foldEvent, view), version: change.version };
}

/** True when `change` cannot be applied because a change before it is missing. */
export function leavesGap(version: number, change: Change<unknown>): boolean {
  return change.after > version;
}

function foldEvent(view: RoomView, event: RoomEvent): RoomView {
  switch (event.type) {
    case "title_changed":
      return inRoom(view, { title: event.title });
    case "recording_changed":
      return inRoom(view, { recording: event.recording });
    case "hands_policy_changed":
      return inRoom(view, { hands: event.hands });
    case "join_muted_changed":
      return inRoom(view, { join_muted: event.join_muted });
    case "room_ended":
      return inRoom(view, { state: "ended" });
    case "participants_put":
      return { ...view, participants: new Map([...view.participants, ...byId(event.participants)]) };
    case "participants_gone":
      return { ...view, participants: without(view.participants, new Set(event.ids)) };
    case "counts_changed":
      return { ...view, counts: event.counts };
    default:
      return ignored(view, event);
  }
}

/** A newer server may send kinds of events this client does not know; `never` shows that all known ones are handled. */
function ignored(view: RoomView, ..._unknown: [never]): RoomView {
  return view;
}

function inRoom(view: RoomView, part: Partial<RoomView["room"]>): RoomView {
  return { ...view, room: { ...view.room, ...part } };
}

function byId(participants: readonly Participant[]): Map<string, Participant> {
  return new Map(participants.map((participant) => [participant.id, participant]));
}

function without(all: ReadonlyMap<string, Participant>, ids: ReadonlySet<string>): Map<string, Participant> {
  return new Map([...all].filter(([id]) => !ids.has(id)));
}
