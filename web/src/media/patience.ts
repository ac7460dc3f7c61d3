/** How long a line waits for what it misses: lost packets are sent again, and those of the mix come late. */

const POLL_MS = 2_000;
const WINDOW_MS = 10_000;
/** One packet in so many, and two at least, make a line wait. */
const TOLERATED = 100;
const WAITS_FOR_MS = 60_000;
/**
 * A lost pack of the mix shows when the next one comes, up to 120 ms later, and is here a round trip after that; what is
 * asked for twice takes as long again. Measured with packs of 100 ms in Chromium: docs/adr/0036.
 */
const MIX_WAITS_MS = 300;
/** Some packets of 20 ms lost in a row show when the next one comes, too. Who talks is not to wait for an answer. */
const SLOT_WAITS_MS = 250;
const SLOT_OF_TALKER_WAITS_MS = 150;

/** What a line has had so far, and what it missed: asked for again, or never heard of. */
export interface Tally {
  packets: number;
  missed: number;
}

/** Whether a line should wait: from when it misses too much until a minute after. Time is the caller's. */
export class Patience {
  #polls: (Tally & { atMs: number })[] = [];
  #untilMs = -Infinity;

  poll(tally: Tally, nowMs: number): boolean {
    this.#polls.push({ ...tally, atMs: nowMs });
    this.#polls = this.#polls.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    const first = this.#polls[0] ?? tally;
    const missed = tally.missed - first.missed;
    if (missed > 1 && missed * TOLERATED > tally.packets - first.packets) this.#untilMs = nowMs + WAITS_FOR_MS;
    return nowMs < this.#untilMs;
  }
}

/**
 * How long each line should wait, the mix being the last; null for no longer than the browser finds right. All come over
 * one network: when one misses too much they all wait. So a line that the sound moves to, away from one that waits, does not
 * begin long before that one has played what it holds.
 */
export function waitsMs(missing: readonly boolean[], talks: boolean): (number | null)[] {
  const slotMs = talks ? SLOT_OF_TALKER_WAITS_MS : SLOT_WAITS_MS;
  const waits = missing.includes(true);
  return missing.map((_, at) => (waits ? (at === missing.length - 1 ? MIX_WAITS_MS : slotMs) : null));
}

/**
 * Polls the lines of the listening session, the mix being the last, and has them wait. Returns how to stop.
 * @param talks whether this participant is heard too.
 */
export function watchLosses(receivers: () => readonly RTCRtpReceiver[], talks: () => boolean): () => void {
  const patience = new WeakMap<RTCRtpReceiver, Patience>();
  const misses = async (receiver: RTCRtpReceiver) => {
    const tally = tallyOf(await receiver.getStats());
    const own = patience.get(receiver) ?? new Patience();
    patience.set(receiver, own);
    return tally !== null && own.poll(tally, performance.now());
  };
  const look = async () => {
    const lines = receivers();
    const targets = waitsMs(await Promise.all(lines.map(misses)), talks());
    lines.forEach((line, at) => {
      const target = targets[at] ?? null;
      if (line.jitterBufferTarget !== target) line.jitterBufferTarget = target;
    });
  };
  const timer = setInterval(() => void look(), POLL_MS);
  return () => clearInterval(timer);
}

function tallyOf(report: RTCStatsReport): Tally | null {
  const all: Iterable<unknown> = report.values();
  for (const stats of all) {
    if (!isInbound(stats)) continue;
    const { packetsReceived = 0, packetsLost = 0, nackCount = 0 } = stats;
    return { packets: packetsReceived, missed: Math.max(0, packetsLost) + nackCount };
  }
  return null;
}

function isInbound(stats: unknown): stats is RTCInboundRtpStreamStats {
  return typeof stats === "object" && stats !== null && "type" in stats && stats.type === "inbound-rtp";
}
