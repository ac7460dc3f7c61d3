import type { Change, Counts, MicState, Participant, Room, RoomEvent, RoomSnapshot } from "../wire";

/** What the server last said of the room; `fold.ts` is the only code that makes a new one from an old one. */
export interface RoomView {
  version: number;
  room: Room;
  counts: Counts;
  /** The stage and the raised hands, by id. Other listeners come by the paged list. */
  participants: ReadonlyMap<string, Participant>;
}

export type MicTrouble = "refused" | "missing" | "in_use" | "unsupported";

/** What a path to the server (events, hearing, speaking) is doing. */
export type LinkAt = "off" | "opening" | "up" | "shaky" | "waiting" | "stale" | "refused";

export type SessionAt = { at: "joining" } | { at: "in" } | { at: "coming_back" } | { at: "over"; code: string };

export interface Me {
  participantId: string;
  mayManage: boolean;
}

/** The paged list of everyone in the room, as far as it has been read. */
export interface Listed {
  items: readonly Participant[];
  nextCursor: string | null;
  query: string;
}

export interface RoomState {
  session: SessionAt;
  me: Me | null;
  view: RoomView | null;
  /** The wish is this person's, the fact is the server's. */
  mic: { wanted: "on" | "off"; wishedAtMs: number; actual: MicState; trouble: MicTrouble | null };
  links: { events: LinkAt; hear: LinkAt; speak: LinkAt };
  /** `blocked`: the browser waits for a tap before it plays any sound. */
  playback: "allowed" | "blocked";
  speaking: {
    /** Participant ids by the server's word. */
    told: readonly string[];
    /** csrc values in the sound being played now. */
    heard: readonly number[];
    /** When each participant was last speaking, ms on the caller's clock. */
    lastAt: ReadonlyMap<string, number>;
  };
  listed: Listed;
}

export const NOBODY_LISTED: Listed = { items: [], nextCursor: null, query: "" };

export const OUTSIDE: RoomState = {
  session: { at: "joining" },
  me: null,
  view: null,
  mic: { wanted: "off", wishedAtMs: 0, actual: "muted_by_manager", trouble: null },
  links: { events: "off", hear: "off", speak: "off" },
  playback: "allowed",
  speaking: { told: [], heard: [], lastAt: new Map() },
  listed: NOBODY_LISTED,
};

export type RoomAction =
  | { type: "session_moved"; session: SessionAt }
  | { type: "joined"; me: Me; snapshot: RoomSnapshot; atMs: number }
  | { type: "snapshot"; snapshot: RoomSnapshot; atMs: number }
  | { type: "changed"; change: Change<RoomEvent>; atMs: number }
  | { type: "told_speaking"; ids: readonly string[]; atMs: number }
  | { type: "heard_speaking"; csrcs: readonly number[]; atMs: number }
  | { type: "mic_wished"; wanted: "on" | "off"; atMs: number }
  | { type: "mic_troubled"; trouble: MicTrouble | null }
  | { type: "link_moved"; link: keyof RoomState["links"]; at: LinkAt }
  | { type: "playback_moved"; playback: RoomState["playback"] }
  | { type: "listed"; page: Listed; onto: "nothing" | "the_end" };
