/** The server's HTTP API, one function a request (docs/plan.md). All throw Problem. */
import type {
  Account,
  Chat,
  JoinAnswer,
  Member,
  Message,
  Page,
  Participant,
  PersonaKind,
  PersonaList,
  Recording,
  Room,
} from "../wire";
import { request } from "./request";

const id = encodeURIComponent;

export const accounts = {
  signUp: (body: { handle: string; display_name: string; password: string; locale: string }) =>
    request<Account>("POST", "/accounts", { body }),
  signIn: (handle: string, password: string) =>
    request<{ account: Account }>("POST", "/sessions", { body: { handle, password, transport: "cookie" } }),
  signOut: () => request<null>("DELETE", "/sessions/current"),
  me: () => request<Account>("GET", "/me"),
  update: (body: Partial<Pick<Account, "display_name" | "bio" | "locale">>) =>
    request<Account>("PATCH", "/me", { body }),
};

export interface NewChat {
  kind: "group" | "channel";
  title: string;
  visibility: "public" | "private";
  handle?: string;
  description?: string;
}

export const chats = {
  mine: (cursor?: string | null) => request<Page<Chat>>("GET", "/chats", { query: { cursor } }),
  search: (q: string, signal?: AbortSignal) => request<Page<Chat>>("GET", "/chats/search", { query: { q }, signal }),
  get: (chat: string) => request<Chat>("GET", `/chats/${id(chat)}`),
  create: (body: NewChat, idempotencyKey: string) => request<Chat>("POST", "/chats", { body, idempotencyKey }),
  update: (chat: string, body: { title?: string; description?: string }) =>
    request<Chat>("PATCH", `/chats/${id(chat)}`, { body }),
  join: (chat: string) => request<unknown>("POST", `/chats/${id(chat)}/members`),
  leave: (chat: string) => request<null>("DELETE", `/chats/${id(chat)}/members/me`),
  members: (chat: string, cursor?: string | null) =>
    request<Page<Member>>("GET", `/chats/${id(chat)}/members`, { query: { cursor } }),
  setRights: (chat: string, account: string, rights: string[]) =>
    request<unknown>("PUT", `/chats/${id(chat)}/members/${id(account)}/rights`, { body: { rights } }),
  removeMember: (chat: string, account: string) => request<null>("DELETE", `/chats/${id(chat)}/members/${id(account)}`),
  invite: (chat: string) => request<{ token: string }>("POST", `/chats/${id(chat)}/invite-links`),
  joinByInvite: (token: string) => request<Chat>("POST", `/invite-links/${id(token)}/join`),
  eventsTicket: (chat: string) =>
    request<{ ticket: string; events: string }>("POST", `/chats/${id(chat)}/events-ticket`),
  messages: (chat: string, before?: string | null) =>
    request<Page<Message>>("GET", `/chats/${id(chat)}/messages`, { query: { before, limit: 50 } }),
  post: (chat: string, text: string) => request<Message>("POST", `/chats/${id(chat)}/messages`, { body: { text } }),
  personas: (chat: string) => request<PersonaList>("GET", `/chats/${id(chat)}/personas`),
};

export interface PersonaRef {
  kind: PersonaKind;
  id: string;
}

export const rooms = {
  start: (chat: string, body: { title?: string; replace?: boolean }, idempotencyKey: string) =>
    request<Room>("POST", `/chats/${id(chat)}/rooms`, { body, idempotencyKey }),
  join: (room: string, as: PersonaRef, takeOver: boolean) =>
    request<JoinAnswer>("POST", `/rooms/${id(room)}/join`, { body: { as, take_over: takeOver } }),
  leave: (room: string) => request<null>("POST", `/rooms/${id(room)}/leave`),
  end: (room: string) => request<unknown>("POST", `/rooms/${id(room)}/end`),
  update: (room: string, body: { title?: string; hands?: Room["hands"]; join_muted?: boolean }) =>
    request<unknown>("PATCH", `/rooms/${id(room)}`, { body }),
  mic: (room: string, state: "live" | "muted") => request<null>("PUT", `/rooms/${id(room)}/mic`, { body: { state } }),
  raiseHand: (room: string, question: string) =>
    request<null>("PUT", `/rooms/${id(room)}/hand`, { body: question === "" ? {} : { question } }),
  lowerHand: (room: string) => request<null>("DELETE", `/rooms/${id(room)}/hand`),
  act: (room: string, participant: string, what: "mute" | "allow" | "lower-hand" | "remove") =>
    request<null>("POST", `/rooms/${id(room)}/participants/${id(participant)}/${what}`, {
      body: what === "remove" ? {} : undefined,
    }),
  muteAll: (room: string) => request<null>("POST", `/rooms/${id(room)}/mute-all`),
  participants: (room: string, cursor?: string | null, q?: string) =>
    request<Page<Participant>>("GET", `/rooms/${id(room)}/participants`, { query: { cursor, q: q || null } }),
  record: (room: string, title: string) =>
    request<Recording>("POST", `/rooms/${id(room)}/recording`, { body: title === "" ? {} : { title } }),
  stopRecording: (room: string) => request<null>("DELETE", `/rooms/${id(room)}/recording`),
};
