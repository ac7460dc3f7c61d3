import { chats } from "../api/calls";
import { newKey } from "../api/idempotency";
import { asProblem, type Problem } from "../api/problem";
import { EventStream } from "../room/event_stream";
import { browserTimers } from "../room/machine";
import type { Chat, Message } from "../wire";

type ChatEvent = { type: "messages_changed" } | { type: "room_changed" };

/** How long to wait before asking for a chat's ticket again after the server refused one or was away. */
const RENEW_MS = 3_000;

/** The chat that is being looked at: itself, its messages, and its events, which are hints to fetch again. */
export class OpenChat {
  chat: Chat | null = $state.raw(null);
  messages: Message[] = $state.raw([]);
  older: string | null = $state(null);
  problem: Problem | null = $state.raw(null);
  #door = { url: "", ticket: "" };
  #closed = false;
  readonly #events: EventStream<{ version: number }, ChatEvent>;

  constructor(
    readonly id: string,
    private readonly changed: (chat: Chat) => void,
  ) {
    this.#events = new EventStream(
      () => this.#door,
      {
        snapshot: () => void this.refresh(),
        changed: () => void this.refresh(),
        ticketRefused: () => setTimeout(() => void this.#listen(), RENEW_MS),
      },
      browserTimers,
    );
    void this.refresh().then(() => this.#listen());
  }

  /** Fetches the chat and its newest messages; a refusal is kept in `problem`. */
  async refresh(): Promise<void> {
    try {
      const [chat, page] = await Promise.all([chats.get(this.id), chats.messages(this.id, null)]);
      if (this.#closed) return;
      this.chat = chat;
      this.#merge(page.items);
      if (this.older === null && this.messages.length === page.items.length) this.older = page.next_cursor;
      this.problem = null;
      this.changed(chat);
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  async showOlder(): Promise<void> {
    const page = await chats.messages(this.id, Number(this.older));
    this.older = page.next_cursor;
    this.#merge(page.items);
  }

  async post(text: string): Promise<void> {
    this.#merge([await chats.post(this.id, text, newKey())]);
  }

  close(): void {
    this.#closed = true;
    this.#events.send({ is: "stop" });
  }

  #merge(messages: readonly Message[]): void {
    const byId = new Map([...this.messages, ...messages].map((message) => [message.id, message]));
    this.messages = [...byId.values()].sort((a, b) => a.seq - b.seq);
  }

  async #listen(): Promise<void> {
    if (this.#closed) return;
    try {
      const { ticket, events } = await chats.eventsTicket(this.id);
      if (this.#closed) return;
      this.#door = { url: events, ticket };
      this.#events.send({ is: "start", version: null });
    } catch (error) {
      const { status } = asProblem(error);
      // Not for me (not a member): nothing to listen to. Anything else passes.
      if (status === 0 || status >= 500) setTimeout(() => void this.#listen(), RENEW_MS);
    }
  }
}
