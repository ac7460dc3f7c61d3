/** The requests this client makes, one function each; all throw Problem. */
import type { Account, NewChat, NewRoom, PersonaChoice, Right, Room } from "../wire";
import { answer, granted, http } from "./client";

export const accounts = {
  signUp: (body: { handle: string; display_name: string; password: string; locale: string }) =>
    answer(http.POST("/api/v1/accounts", { body })),
  signIn: (handle: string, password: string) =>
    answer(http.POST("/api/v1/sessions", { body: { handle, password, transport: "cookie" } })),
  signOut: () => granted(http.DELETE("/api/v1/sessions/current")),
  me: () => answer(http.GET("/api/v1/me")),
  update: (body: Partial<Pick<Account, "display_name" | "bio" | "locale">>) =>
    answer(http.PATCH("/api/v1/me", { body })),
};

const chatAt = (chat_id: string) => ({ path: { chat_id } });
const once = (idempotencyKey: string) => ({ "Idempotency-Key": idempotencyKey });

export const chats = {
  mine: (cursor: string | null) => answer(http.GET("/api/v1/chats", { params: { query: { cursor } } })),
  search: (q: string, signal: AbortSignal) =>
    answer(http.GET("/api/v1/chats/search", { params: { query: { q } }, signal })),
  get: (chat: string) => answer(http.GET("/api/v1/chats/{chat_id}", { params: chatAt(chat) })),
  create: (body: NewChat, key: string) => answer(http.POST("/api/v1/chats", { body, params: { header: once(key) } })),
  join: (chat: string) => answer(http.POST("/api/v1/chats/{chat_id}/members", { params: chatAt(chat) })),
  leave: (chat: string) => granted(http.DELETE("/api/v1/chats/{chat_id}/members/me", { params: chatAt(chat) })),
  members: (chat: string, cursor: string | null) =>
    answer(http.GET("/api/v1/chats/{chat_id}/members", { params: { ...chatAt(chat), query: { cursor } } })),
  setRights: (chat_id: string, account_id: string, rights: Right[]) =>
    granted(
      http.PUT("/api/v1/chats/{chat_id}/members/{account_id}/rights", {
        params: { path: { chat_id, account_id } },
        body: { rights },
      }),
    ),
  invite: (chat: string) =>
    answer(http.POST("/api/v1/chats/{chat_id}/invite-links", { params: chatAt(chat), body: {} })),
  joinByInvite: (token: string) =>
    answer(http.POST("/api/v1/invite-links/{token}/join", { params: { path: { token } } })),
  eventsTicket: (chat: string) => answer(http.POST("/api/v1/chats/{chat_id}/events-ticket", { params: chatAt(chat) })),
  /** `before` is a sequence number, as `next_cursor` gives it. */
  messages: (chat: string, before: number | null) =>
    answer(http.GET("/api/v1/chats/{chat_id}/messages", { params: { ...chatAt(chat), query: { before, limit: 50 } } })),
  post: (chat: string, text: string, key: string) =>
    answer(
      http.POST("/api/v1/chats/{chat_id}/messages", {
        params: { ...chatAt(chat), header: once(key) },
        body: { text },
      }),
    ),
  personas: (chat: string) => answer(http.GET("/api/v1/chats/{chat_id}/personas", { params: chatAt(chat) })),
};

const roomAt = (room_id: string) => ({ path: { room_id } });
const inRoom = (room_id: string, participant_id: string) => ({ path: { room_id, participant_id } });

export const rooms = {
  start: (chat: string, body: NewRoom, key: string) =>
    answer(http.POST("/api/v1/chats/{chat_id}/rooms", { params: { ...chatAt(chat), header: once(key) }, body })),
  join: (room: string, as: PersonaChoice, takeOver: boolean) =>
    answer(http.POST("/api/v1/rooms/{room_id}/join", { params: roomAt(room), body: { as, take_over: takeOver } })),
  leave: (room: string) => granted(http.POST("/api/v1/rooms/{room_id}/leave", { params: roomAt(room) })),
  end: (room: string) => granted(http.POST("/api/v1/rooms/{room_id}/end", { params: roomAt(room) })),
  update: (room: string, body: Partial<Pick<Room, "title" | "hands" | "join_muted">>) =>
    granted(http.PATCH("/api/v1/rooms/{room_id}", { params: roomAt(room), body })),
  mic: (room: string, state: "live" | "muted") =>
    granted(http.PUT("/api/v1/rooms/{room_id}/mic", { params: roomAt(room), body: { state } })),
  raiseHand: (room: string, question: string) =>
    granted(http.PUT("/api/v1/rooms/{room_id}/hand", { params: roomAt(room), body: { question: question || null } })),
  lowerHand: (room: string) => granted(http.DELETE("/api/v1/rooms/{room_id}/hand", { params: roomAt(room) })),
  mute: (room: string, who: string) =>
    granted(http.POST("/api/v1/rooms/{room_id}/participants/{participant_id}/mute", { params: inRoom(room, who) })),
  allow: (room: string, who: string) =>
    granted(http.POST("/api/v1/rooms/{room_id}/participants/{participant_id}/allow", { params: inRoom(room, who) })),
  putOff: (room: string, who: string) =>
    granted(
      http.POST("/api/v1/rooms/{room_id}/participants/{participant_id}/lower-hand", { params: inRoom(room, who) }),
    ),
  remove: (room: string, who: string) =>
    granted(
      http.POST("/api/v1/rooms/{room_id}/participants/{participant_id}/remove", {
        params: inRoom(room, who),
        body: {},
      }),
    ),
  muteAll: (room: string) => granted(http.POST("/api/v1/rooms/{room_id}/mute-all", { params: roomAt(room) })),
  participants: (room: string, cursor: string | null, q: string) =>
    answer(
      http.GET("/api/v1/rooms/{room_id}/participants", {
        params: { ...roomAt(room), query: { cursor, q } },
      }),
    ),
  record: (room: string, title: string) =>
    answer(http.POST("/api/v1/rooms/{room_id}/recording", { params: roomAt(room), body: { title } })),
  stopRecording: (room: string) => granted(http.DELETE("/api/v1/rooms/{room_id}/recording", { params: roomAt(room) })),
};
