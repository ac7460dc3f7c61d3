import type { Participant, RoomEvent } from "../src/wire";
import { snapshot } from "./make";

const EDGE = "http://edge.test/edge/v1";
const ENTERED = "/api/v1/rooms/room_1";
const REFUSAL = { type: "about:blank", title: "Refused", code: "REFUSED" };

/** A server that answers `fetch` and keeps what it was asked, in words of its own: "join", "mic live", "open whep"… */
export class FakeServer {
  readonly asked: string[] = [];
  readonly #refusals: { word: string; status: number | "silence" }[] = [];
  #version = 1;
  #events: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(private readonly people: Participant[]) {}

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const word = wordFor(request, await request.clone().text());
    this.asked.push(word);
    const refusal = this.#refusals.findIndex((one) => one.word === word);
    const [{ status } = { status: 200 }] = refusal < 0 ? [] : this.#refusals.splice(refusal, 1);
    if (status === "silence") return new Promise(() => undefined);
    return status === 200 ? this.#answer(word) : Response.json({ ...REFUSAL, status }, { status });
  };

  /** The next time it is asked for this, it answers with this status, or not at all. */
  refuse(word: string, status: number | "silence"): void {
    this.#refusals.push({ word, status });
  }

  /** How often it was asked for this. */
  times(word: string): number {
    return this.asked.filter((one) => one === word).length;
  }

  /** Tells the page of changes through its event stream. */
  tell(...events: RoomEvent[]): void {
    const after = this.#version++;
    this.#send("change", { after, version: this.#version, events });
  }

  bye(code: string): void {
    this.#send("bye", { code });
  }

  loseEvents(): void {
    this.#events?.error(new TypeError("network error"));
    this.#events = null;
  }

  #send(event: string, data: unknown): void {
    this.#events?.enqueue(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  #answer(word: string): Response {
    if (word === "join") return Response.json(this.#entry());
    if (word === "open events") return new Response(new ReadableStream({ start: (to) => void (this.#events = to) }));
    if (!word.startsWith("open")) return new Response(null, { status: 204 });
    return new Response("v=0\r\n", { status: 201, headers: { Location: `${EDGE}/sessions/${word.slice(5)}` } });
  }

  #entry() {
    return {
      ticket: "ticket",
      participant_id: this.people[0]?.id,
      you: { may_manage: false },
      snapshot: snapshot(this.#version, this.people),
      edge: { events: `${EDGE}/events`, whep: `${EDGE}/whep`, whip: `${EDGE}/whip` },
    };
  }
}

function wordFor({ method, url }: Request, body: string): string {
  const path = new URL(url).pathname.replace(ENTERED, "").replace("/edge/v1", "");
  if (path === "/mic") return `mic ${JSON.parse(body).state}`;
  if (method === "PATCH") return `restart ${path.split("/").at(-1)}`;
  if (method === "DELETE") return `close ${path.split("/").at(-1)}`;
  return ["/whip", "/whep", "/events"].includes(path) ? `open ${path.slice(1)}` : path.slice(1);
}
