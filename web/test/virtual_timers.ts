import type { Timers } from "../src/room/machine";

/** Time that passes only when a test says so; `random` is always the middle. */
export class VirtualTimers implements Timers {
  #nowMs = 0;
  #due: { atMs: number; run: () => void }[] = [];

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#due.push(timer);
    return () => (this.#due = this.#due.filter((one) => one !== timer));
  }

  random(): number {
    return 0.5;
  }

  pass(ms: number): void {
    const until = this.#nowMs + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#nowMs = next.atMs;
      this.#due = this.#due.filter((one) => one !== next);
      next.run();
    }
    this.#nowMs = until;
  }

  #next(until: number): { atMs: number; run: () => void } | undefined {
    return this.#due.filter(({ atMs }) => atMs <= until).sort((a, b) => a.atMs - b.atMs)[0];
  }
}
