/** Who is in the sound that is being played now, from the CSRC lists of the packets (RFC 3550 §5.1). */

/** A slot's source counts as speaking this long after its last packet: a ring must not flicker between words. */
const HOLD_MS = 250;

export interface Contribution {
  source: number;
  timestamp: number;
}

/**
 * Turns what the receivers report into a set of csrc values. Browsers differ in the clock of `timestamp`, so only
 * its changes count, seen on the caller's clock.
 */
export class Voices {
  #seen = new Map<number, { timestamp: number; atMs: number }>();

  /** @returns the csrc values heard at `nowMs`, in ascending order. */
  poll(contributions: Iterable<Contribution>, nowMs: number): number[] {
    for (const { source, timestamp } of contributions) {
      if (this.#seen.get(source)?.timestamp !== timestamp) this.#seen.set(source, { timestamp, atMs: nowMs });
    }
    for (const [source, { atMs }] of this.#seen) if (nowMs - atMs > HOLD_MS * 40) this.#seen.delete(source);
    return [...this.#seen]
      .filter(([, { atMs }]) => nowMs - atMs <= HOLD_MS)
      .map(([source]) => source)
      .sort((a, b) => a - b);
  }
}

/** Polls once per animation frame and tells about changes. Returns how to stop. */
export function watchVoices(receivers: () => readonly RTCRtpReceiver[], heard: (csrcs: number[]) => void): () => void {
  const voices = new Voices();
  let last = "";
  let frame = 0;
  const look = (nowMs: number) => {
    const csrcs = voices.poll(
      receivers().flatMap((receiver) => receiver.getContributingSources()),
      nowMs,
    );
    if (csrcs.join() !== last) {
      last = csrcs.join();
      heard(csrcs);
    }
    frame = requestAnimationFrame(look);
  };
  frame = requestAnimationFrame(look);
  return () => cancelAnimationFrame(frame);
}
