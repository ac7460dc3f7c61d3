import { chats } from "../api/calls";
import type { Chat } from "../wire";

/** The live dots of chats that are not open are this fresh. */
const REFRESH_MS = 15_000;

/** My chats, Saved Messages first. */
export class ChatList {
  items: Chat[] = $state.raw([]);
  loaded = $state(false);

  async refresh(): Promise<void> {
    const all: Chat[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: Chat[]; next_cursor: string | null } = await chats.mine(cursor);
      all.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    this.items = all;
    this.loaded = true;
  }

  put(chat: Chat): void {
    if (this.items.some((known) => known.id === chat.id)) {
      this.items = this.items.map((known) => (known.id === chat.id ? chat : known));
    }
  }

  /** Keeps the list fresh while the page is looked at. Returns how to stop. */
  watch(failed: (error: unknown) => void): () => void {
    const look = () => {
      if (document.visibilityState === "visible") this.refresh().catch(failed);
    };
    look();
    const timer = setInterval(look, REFRESH_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }
}
