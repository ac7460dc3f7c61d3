import type { Participant, RoomSnapshot } from "../src/wire";

/** A speaker with a closed microphone, unless `more` says otherwise. */
export function participant(id: string, more: Partial<Participant> = {}): Participant {
  return {
    id,
    csrc: [...id].reduce((sum, char) => sum * 31 + char.charCodeAt(0), 0),
    persona: { kind: "account", id: `acc_${id}`, name: id, handle: null, bio: "" },
    role: "speaker",
    mic: "muted",
    hand: null,
    joined_at: "2026-01-01T10:00:00.000Z",
    ...more,
  };
}

export function snapshot(version: number, participants: Participant[]): RoomSnapshot {
  return {
    version,
    room: {
      id: "room_1",
      chat_id: "chat_1",
      title: "Palaver",
      state: "live",
      started_at: "2026-01-01T10:00:00.000Z",
      join_muted: false,
      hands: "everyone",
      recording: null,
    },
    counts: { in_room: participants.length, speakers: participants.length, hands: 0 },
    participants,
  };
}
