import { t } from "../i18n/index.svelte";
import type { Chat } from "../wire";

/** A chat's name in the reader's language: Saved Messages are named by the client. */
export function titleOf(chat: Chat): string {
  return chat.kind === "saved" ? t().chats.saved : chat.title;
}

export function membersOf(chat: Chat): string {
  return chat.kind === "channel" ? t().chats.subscribers(chat.member_count) : t().chats.members(chat.member_count);
}

export function mayManageRooms(chat: Chat): boolean {
  return chat.kind !== "saved" && (chat.my.owner || chat.my.rights.includes("manage_rooms"));
}

export function mayPost(chat: Chat): boolean {
  if (chat.kind === "saved") return true;
  if (!chat.my.member) return false;
  return chat.kind === "group" || chat.my.owner || chat.my.rights.includes("post_messages");
}
