/** Plays the lines of a WHEP session, slots and mix: one <audio> element each. */
export class Loudspeakers {
  #elements: HTMLAudioElement[] = [];

  /** @param blocked told whether the browser waits for a tap before it plays. */
  constructor(private readonly blocked: (is: boolean) => void) {}

  /** Plays these tracks instead of what was played before. */
  play(tracks: readonly MediaStreamTrack[]): void {
    this.stop();
    this.#elements = tracks.map((track, line) => elementFor(track, line));
    document.body.append(...this.#elements);
    void this.resume();
  }

  /** To be called from a tap when the browser held the sound back. */
  async resume(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#elements.map((element) => element.play()));
    const refused = outcomes.some((o) => o.status === "rejected" && nameOf(o.reason) === "NotAllowedError");
    this.blocked(refused);
  }

  stop(): void {
    for (const element of this.#elements) {
      element.srcObject = null;
      element.remove();
    }
    this.#elements = [];
  }
}

function elementFor(track: MediaStreamTrack, line: number): HTMLAudioElement {
  const element = document.createElement("audio");
  element.dataset["line"] = String(line);
  element.autoplay = true;
  element.srcObject = new MediaStream([track]);
  return element;
}

function nameOf(reason: unknown): string {
  return reason instanceof Error ? reason.name : "";
}
