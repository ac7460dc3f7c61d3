/** As much of a browser as a stay in a room needs: connections that a test moves, microphones it gives or refuses. */
import { vi } from "vitest";

export class FakeTrack {
  readyState: "live" | "ended" = "live";
  enabled = true;
  onended: (() => void) | null = null;

  stop(): void {
    this.readyState = "ended";
  }
  /** Its device is pulled out. */
  unplug(): void {
    this.stop();
    this.onended?.();
  }
}

export class FakeConnection {
  connectionState: RTCPeerConnectionState = "new";
  signalingState: RTCSignalingState = "stable";
  localDescription: { sdp: string } | null = null;
  onconnectionstatechange: (() => void) | null = null;
  direction = "";
  sent: unknown = null;

  constructor() {
    browser.connections.push(this);
  }
  addTransceiver(sent: unknown, { direction }: { direction: string }) {
    this.direction = direction;
    this.sent = sent;
    return { receiver: { track: new FakeTrack() } };
  }
  getReceivers(): [] {
    return [];
  }
  async createOffer() {
    return { sdp: "v=0\r\n" };
  }
  async setLocalDescription(offer: { sdp: string }): Promise<void> {
    this.localDescription = offer;
  }
  async setRemoteDescription(): Promise<void> {
    return Promise.resolve();
  }
  close(): void {
    this.connectionState = "closed";
    this.signalingState = "closed";
  }
  move(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

class FakeBrowser {
  connections: FakeConnection[] = [];
  tracks: FakeTrack[] = [];
  #asking: Promise<void> = Promise.resolve();
  refusal: DOMException | null = null;

  reset(): void {
    Object.assign(this, { connections: [], tracks: [], refusal: null });
    this.#asking = Promise.resolve();
  }
  /** The connections of this direction that are open. */
  open(direction: "sendonly" | "recvonly"): FakeConnection[] {
    return this.connections.filter((one) => one.direction === direction && one.connectionState !== "closed");
  }
  get live(): FakeTrack[] {
    return this.tracks.filter((track) => track.readyState === "live");
  }
  /** From now on it asks before it gives a microphone. Returns how to say yes. */
  ask(): () => void {
    let answer = () => undefined;
    this.#asking = new Promise((yes) => {
      answer = () => void yes();
    });
    return answer;
  }
  async getUserMedia() {
    await this.#asking;
    if (this.refusal !== null) throw this.refusal;
    const track = new FakeTrack();
    this.tracks.push(track);
    return { getAudioTracks: () => [track] };
  }
}

export const browser = new FakeBrowser();

/** Puts the fakes where code looks for a browser. `fetch` may differ from test to test. */
export function installBrowser(fetch: typeof globalThis.fetch): void {
  const element = () => ({ dataset: {}, play: () => Promise.resolve(), remove: () => undefined });
  vi.stubGlobal("fetch", fetch);
  vi.stubGlobal("location", { origin: "http://palabre.test" });
  vi.stubGlobal("document", { cookie: "", createElement: element, body: { append: () => undefined } });
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: () => browser.getUserMedia() } });
  vi.stubGlobal("MediaStream", Set);
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  vi.stubGlobal("requestAnimationFrame", () => 0);
  vi.stubGlobal("cancelAnimationFrame", () => undefined);
}
