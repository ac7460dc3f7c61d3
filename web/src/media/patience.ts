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

/** Whether one line should wait: from when it misses too much until a minute after. Time is the caller's. */
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
 * Polls the lines of the listening session, the mix being the last, and has them wait. Returns how to stop.
 * @param talks whether this participant is heard too.
 */
export function watchLosses(receivers: () => readonly RTCRtpReceiver[], talks: () => boolean): () => void {
  const patience = new WeakMap<RTCRtpReceiver, Patience>();
  const look = async (receiver: RTCRtpReceiver, waitsMs: number) => {
    const tally = tallyOf(await receiver.getStats());
    if (tally === null) return;
    const own = patience.get(receiver) ?? new Patience();
    patience.set(receiver, own);
    const target = own.poll(tally, performance.now()) ? waitsMs : null;
    if (receiver.jitterBufferTarget !== target) receiver.jitterBufferTarget = target;
  };
  const timer = setInterval(() => {
    const lines = receivers();
    const slotWaitsMs = talks() ? SLOT_OF_TALKER_WAITS_MS : SLOT_WAITS_MS;
    lines.forEach((one, at) => void look(one, at === lines.length - 1 ? MIX_WAITS_MS : slotWaitsMs));
  }, POLL_MS);
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
