/** A WHIP (RFC 9725) or WHEP session: one HTTP resource and the RTCPeerConnection that belongs to it. */
import { problemOf } from "../api/problem";
import { offerNacks, restartedAnswer, restartFragment } from "./sdp";

export interface Door {
  url: string;
  ticket: string;
}

export interface MediaSession {
  /**
   * Asks for new ICE credentials and checks the path again, without interrupting what flows (RFC 9725 §4.3.3).
   * @throws Problem when the server refuses, for example because it does not know the session any more.
   */
  restartIce(): Promise<void>;
  /** Ends both sides. Safe to call twice. */
  close(): void;
}

/**
 * Offers what `pc` has been prepared for and takes the answer.
 * The server is ICE-lite with its addresses in the answer, so the offer does not wait for this side's candidates.
 * @param tune changes the answer before it is applied.
 * @throws Problem when the server refuses.
 */
export async function openSession(
  pc: RTCPeerConnection,
  door: Door,
  tune: (answer: string) => string = (answer) => answer,
): Promise<MediaSession> {
  await pc.setLocalDescription(await pc.createOffer());
  const response = await fetch(door.url, {
    method: "POST",
    headers: { ...authorization(door), "Content-Type": "application/sdp", Accept: "application/sdp" },
    body: offerNacks(pc.localDescription?.sdp ?? ""),
  });
  if (!response.ok) throw await problemOf(response);
  const session = new HttpMediaSession(pc, door, resourceOf(response, door), tune(await response.text()));
  await session.applyAnswer();
  return session;
}

class HttpMediaSession implements MediaSession {
  #closed = false;

  constructor(
    private readonly pc: RTCPeerConnection,
    private readonly door: Door,
    private readonly resource: string | null,
    private answer: string,
  ) {}

  async applyAnswer(): Promise<void> {
    // Left while the answer was on its way: the server's half still has to go.
    if (this.pc.signalingState === "closed") this.close();
    else await this.pc.setRemoteDescription({ type: "answer", sdp: this.answer });
  }

  async restartIce(): Promise<void> {
    if (this.resource === null) throw new TypeError("the server gave no address for this session");
    await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
    const response = await fetch(this.resource, {
      method: "PATCH",
      headers: {
        ...authorization(this.door),
        "Content-Type": "application/trickle-ice-sdpfrag",
        "If-Match": "*",
      },
      body: restartFragment(this.pc.localDescription?.sdp ?? ""),
    });
    if (!response.ok) throw await problemOf(response);
    this.answer = restartedAnswer(this.answer, await response.text());
    await this.applyAnswer();
  }

  close(): void {
    this.pc.close();
    if (this.#closed || this.resource === null) return;
    this.#closed = true;
    // Nobody waits for this: a session the server does not hear of any more ends by itself (RFC 7675 consent).
    fetch(this.resource, { method: "DELETE", headers: authorization(this.door), keepalive: true }).catch(
      () => undefined,
    );
  }
}

function resourceOf(response: Response, door: Door): string | null {
  const location = response.headers.get("Location");
  return location === null ? null : new URL(location, door.url).href;
}

function authorization({ ticket }: Door): { Authorization: string } {
  return { Authorization: `Bearer ${ticket}` };
}
