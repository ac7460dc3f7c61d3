/**
 * The words on the wire by their short names (generated from openapi.json), the few the HTTP API does not carry
 * (docs/protocol.md), and the only place where bytes from the network are given their type.
 */
import type { components } from "./generated";

type Schemas = components["schemas"];
export type Account = Schemas["Account"];
export type Chat = Schemas["Chat"];
export type Code = Schemas["Code"];
export type Counts = Schemas["Counts"];
export type HandsPolicy = Schemas["HandsPolicy"];
export type JoinAnswer = Schemas["Joined"];
export type LiveRoom = Schemas["LiveRoom"];
export type Member = Schemas["Member"];
export type Message = Schemas["Message"];
export type MicState = Schemas["Mic"];
export type NewChat = Schemas["NewChat"];
export type NewRoom = Schemas["NewRoom"];
export type Participant = Schemas["Participant"];
export type Persona = Schemas["Persona"];
export type PersonaChoice = Schemas["PersonaChoice"];
export type PersonaList = Schemas["Personas"];
export type ProblemDocument = Schemas["Problem"];
export type Recording = Schemas["Recording"];
export type Right = Schemas["Right"];
export type Room = Schemas["Room"];
export type RoomSnapshot = Schemas["RoomSnapshot"];
export type Voice = Schemas["Voice"];

/** A change a room's viewer can see. Types this client does not know are ignored by the fold. */
export type RoomEvent =
  | { type: "title_changed"; title: string }
  | { type: "recording_changed"; recording: Recording | null }
  | { type: "hands_policy_changed"; hands: HandsPolicy }
  | { type: "join_muted_changed"; join_muted: boolean }
  | { type: "room_ended"; ended_at: string }
  | { type: "participants_put"; participants: Participant[] }
  | { type: "participants_gone"; ids: string[] }
  | { type: "counts_changed"; counts: Counts };

/** One message of an event stream: what leads from version `after` to `version`. */
export interface Change<E> {
  after: number;
  version: number;
  events: E[];
}

export type ByeCode = "ROOM_ENDED" | "REMOVED_FROM_ROOM" | "TAKEN_OVER" | "LEFT";

/** @throws SyntaxError when the text is not JSON. */
export function parseJson<T>(text: string): T {
  return JSON.parse(text) as T;
}

/** A body that may be no problem document at all (a proxy's HTML page, an empty body) gives null. */
export function parseProblem(text: string): Partial<ProblemDocument> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Partial<ProblemDocument>) : null;
  } catch {
    return null; // Not JSON: the caller falls back to the HTTP status.
  }
}
