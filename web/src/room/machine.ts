/** What the explicit state machines of this client share: pure steps, and one runner that does what they ask. */

/** A pure transition: the next state and what is to be done, in order. */
export type Step<S, I, E> = (state: S, input: I) => readonly [S, readonly E[]];

export interface Timers {
  /** Runs `run` after `ms` milliseconds unless the returned function is called first. */
  after(ms: number, run: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const browserTimers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5_000;

/** Doubling waits with jitter, so that a restarted server is not met by everybody in the same instant. */
export function backoffMs(attempt: number, random: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + random / 2);
}

/** Runs a machine. Inputs that arrive while effects are being done wait their turn. */
export class Runner<S extends { at: string }, I, E> {
  #state: S;
  #queue: I[] = [];
  #busy = false;
  #cancelTimer: (() => void) | null = null;

  constructor(
    first: S,
    private readonly step: Step<S, I, E>,
    private readonly perform: (effect: E) => void,
    private readonly moved: (state: S) => void,
    private readonly timers: Timers,
  ) {
    this.#state = first;
  }

  get state(): S {
    return this.#state;
  }

  send(input: I): void {
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#take(next);
    } finally {
      this.#busy = false;
    }
  }

  /** Sends `input` after `ms`, unless the machine has gone to another state or armed another timer by then. */
  later(ms: number, input: I): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.timers.after(ms, () => this.send(input));
  }

  /** As `later`, after the wait that belongs to the given attempt, or longer when the server asked for it. */
  backOff(attempt: number, atLeastS: number | null, input: I): void {
    this.later(Math.max(backoffMs(attempt, this.timers.random()), (atLeastS ?? 0) * 1000), input);
  }

  #take(input: I): void {
    const before = this.#state;
    const [state, effects] = this.step(before, input);
    this.#state = state;
    if (state !== before) {
      this.#cancelTimer?.();
      this.#cancelTimer = null;
      this.moved(state);
    }
    for (const effect of effects) this.perform(effect);
  }
}
