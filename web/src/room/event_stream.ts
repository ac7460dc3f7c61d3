import { createParser, type EventSourceMessage } from "eventsource-parser";
import { asProblem, problemOf } from "../api/problem";
import { type ByeCode, type Change, parseJson } from "../wire";
import { EVENTS_OFF, type EventsEffect, type EventsInput, type EventsState, stepEvents } from "./events_machine";
import { Runner, type Timers } from "./machine";

export interface EventHandlers<S, E> {
  snapshot(snapshot: S): void;
  changed(change: Change<E>): void;
  speaking?(ids: string[]): void;
  bye?(code: ByeCode): void;
  moved?(state: EventsState): void;
  ticketRefused(): void;
  /** The stream is back after having been lost. */
  back?(): void;
}

/**
 * The server's events of one topic (Server-Sent Events over fetch, so that the ticket travels in a header and a refusal
 * can be told from a lost network).
 */
export class EventStream<S extends { version: number }, E> {
  #abort: AbortController | null = null;
  readonly #runner: Runner<EventsState, EventsInput, EventsEffect>;

  constructor(
    private readonly door: () => { url: string; ticket: string },
    private readonly handlers: EventHandlers<S, E>,
    timers: Timers,
  ) {
    this.#runner = new Runner(
      EVENTS_OFF,
      stepEvents,
      (effect) => this.#perform(effect),
      (state) => handlers.moved?.(state),
      timers,
    );
  }

  send(input: EventsInput): void {
    this.#runner.send(input);
  }

  #perform(effect: EventsEffect): void {
    switch (effect.do) {
      case "open":
        void this.#open(effect.lastEventId);
        return;
      case "close":
        this.#abort?.abort();
        this.#abort = null;
        return;
      case "renew_ticket":
        this.handlers.ticketRefused();
        return;
      case "tell_back":
        this.handlers.back?.();
        return;
      case "back_off":
        this.#runner.backOff(effect.attempt, effect.atLeastS, { is: "time" });
        return;
      case "give":
        this.#runner.later(effect.ms, { is: "time" });
    }
  }

  async #open(lastEventId: number | null): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const tell = (input: EventsInput) => {
      if (this.#abort === abort) this.#runner.send(input);
    };
    try {
      const body = await this.#request(lastEventId, abort.signal);
      tell({ is: "opened" });
      await this.#read(body, abort);
      tell({ is: "lost" });
    } catch (error) {
      const { status, retryAfterS } = asProblem(error);
      tell(status === 0 ? { is: "lost" } : { is: "denied", status, retryAfterS });
    }
  }

  async #request(lastEventId: number | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { url, ticket } = this.door();
    const headers = new Headers({ Accept: "text/event-stream", Authorization: `Bearer ${ticket}` });
    if (lastEventId !== null) headers.set("Last-Event-ID", String(lastEventId));
    const response = await fetch(url, { headers, signal, cache: "no-store" });
    if (!response.ok) throw await problemOf(response);
    if (response.body === null) throw new TypeError("the event stream has no body");
    return response.body;
  }

  async #read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<void> {
    const parser = createParser({ onEvent: (message) => this.#abort === abort && this.#take(message) });
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (this.#abort === abort) this.#runner.send({ is: "alive" });
      parser.feed(decoder.decode(part.value, { stream: true }));
    }
  }

  #take({ event, data }: EventSourceMessage): void {
    switch (event) {
      case "snapshot": {
        const snapshot = parseJson<S>(data);
        this.handlers.snapshot(snapshot);
        this.#runner.send({ is: "snapshot", version: snapshot.version });
        return;
      }
      case "change": {
        const change = parseJson<Change<E>>(data);
        this.handlers.changed(change);
        this.#runner.send({ is: "change", after: change.after, version: change.version });
        return;
      }
      case "speaking":
        this.handlers.speaking?.(parseJson<{ speaking: string[] }>(data).speaking);
        return;
      case "bye":
        this.handlers.bye?.(parseJson<{ code: ByeCode }>(data).code);
    }
  }
}
