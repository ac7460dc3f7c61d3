/**
 * The words on the wire, and the only file where bytes from the network are given their type.
 * Shapes: docs/plan.md. Times are RFC 3339 in UTC.
 */
export type ChatKind = "group" | "channel" | "saved";
export type PersonaKind = "account" | "channel" | "group";
export type MicState = "muted_by_manager" | "muted" | "live";
export type HandsPolicy = "everyone" | "members" | "nobody";

export interface Account {
  id: string;
  handle: string;
  display_name: string;
  bio: string;
  locale: string;
}

export interface LiveRoom {
  id: string;
  title: string;
  started_at: string;
  in_room: number;
  recent_speakers: string[];
}

export interface Chat {
  id: string;
  kind: ChatKind;
  title: string;
  handle: string | null;
  visibility: "public" | "private";
  description: string;
  member_count: number;
  my: { member: boolean; owner: boolean; rights: string[] };
  live_room: LiveRoom | null;
}

export interface Message {
  id: string;
  chat_id: string;
  seq: number;
  kind: "text" | "voice" | "service";
  sent_at: string;
  author: { kind: PersonaKind; id: string; name: string } | null;
  text?: string | null;
  service?: { type: "room_started" | "room_ended"; room_id: string; title: string; duration_s?: number | null } | null;
  voice?: Voice | null;
}

export interface Voice {
  url: string;
  duration_ms: number;
  /** 100 levels, 0 to 31. */
  waveform: number[];
  title: string;
}

export interface Persona {
  kind: PersonaKind;
  id: string;
  name: string;
  handle: string | null;
  bio: string;
}

export interface Participant {
  id: string;
  csrc: number;
  persona: Persona;
  role: "manager" | "speaker" | "listener";
  mic: MicState;
  hand: { raised_at: string; question: string | null } | null;
  joined_at: string;
}

export interface Recording {
  id: string;
  title: string;
  started_at: string;
}

export interface Room {
  id: string;
  chat_id: string;
  title: string;
  state: "live" | "ended";
  started_at: string;
  join_muted: boolean;
  hands: HandsPolicy;
  recording: Recording | null;
}

export interface Counts {
  in_room: number;
  speakers: number;
  hands: number;
}

export interface RoomSnapshot {
  version: number;
  room: Room;
  counts: Counts;
  participants: Participant[];
}

export interface JoinAnswer {
  ticket: string;
  expires_at: string;
  participant_id: string;
  edge: { whip: string; whep: string; events: string };
  you: { may_manage: boolean; may_speak: boolean };
  snapshot: RoomSnapshot;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface PersonaList {
  items: Persona[];
  remembered: { kind: PersonaKind; id: string } | null;
}

export interface Member {
  account_id: string;
  handle: string;
  display_name: string;
  owner: boolean;
  rights: string[];
}

/** A change a room's viewer can see. Types this client does not know are ignored by the reducer. */
export type RoomEvent =
  | { type: "title_changed"; title: string }
  | { type: "recording_changed"; recording: Recording | null }
  | { type: "hands_policy_changed"; hands: HandsPolicy }
  | { type: "join_muted_changed"; join_muted: boolean }
  | { type: "room_ended"; ended_at: string }
  | { type: "participants_put"; participants: Participant[] }
  | { type: "participants_gone"; ids: string[] }
  | { type: "counts_changed"; counts: Counts };

export interface Change<E> {
  after: number;
  version: number;
  events: E[];
}

export type ByeCode = "ROOM_ENDED" | "REMOVED_FROM_ROOM" | "TAKEN_OVER" | "LEFT";

/** A refusal as RFC 9457 puts it, with the server's stable code. */
export interface ProblemDocument {
  status: number;
  title?: string;
  detail?: string;
  code?: string;
}

/** @throws SyntaxError when the text is not JSON. */
export function parseJson<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** A body that may be no problem document at all (a proxy's HTML page, an empty body) gives null. */
export function parseProblem(text: string): ProblemDocument | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "status" in value ? (value as ProblemDocument) : null;
  } catch {
    return null; // Not JSON: the caller falls back to the HTTP status.
  }
}
