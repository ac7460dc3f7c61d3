import type { MicTrouble } from "../room/state";
import { openMicrophone } from "./microphone";

export interface MicReports {
  /** What stands in the way of the microphone; null when nothing does any more. */
  troubled(trouble: MicTrouble | null): void;
  /** There is a track where there was none, or another one. */
  opened(): void;
  /** Its device is gone. */
  unplugged(): void;
}

/** The microphone of one stay in a room: asked for at the first wish, kept while muted, closed at the end. */
export class OwnMicrophone {
  #track: MediaStreamTrack | null = null;
  #asking: Promise<boolean> | null = null;
  #over = false;

  constructor(private readonly reports: MicReports) {}

  get track(): MediaStreamTrack | null {
    return this.#track;
  }

  /** Asks for it unless it is there, and once, however often it is wished for before the answer. */
  have(): Promise<boolean> {
    if (this.#track?.readyState === "live") return Promise.resolve(true);
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    return this.#asking;
  }

  turn(wanted: "on" | "off"): void {
    if (this.#track !== null) this.#track.enabled = wanted === "on";
  }

  end(): void {
    this.#over = true;
    this.#track?.stop();
    this.#track = null;
  }

  async #ask(): Promise<boolean> {
    const opened = await openMicrophone();
    this.reports.troubled(opened.ok ? null : opened.trouble);
    if (!opened.ok) return false;
    if (this.#over) {
      opened.track.stop(); // Granted to somebody who has left: nobody else would ever close it.
      return false;
    }
    this.#track = opened.track;
    this.#track.onended = () => this.reports.unplugged();
    this.reports.opened();
    return true;
  }
}
