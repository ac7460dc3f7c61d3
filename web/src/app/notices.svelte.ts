import { asProblem, type Problem } from "../api/problem";

export interface Notice {
  id: number;
  text?: string;
  problem?: Problem;
}

const SHOWN_MS = 6_000;
/** When full the oldest goes: what just happened matters more. */
const MOST = 3;

/** Short lines that come and go: refusals, and what has been done. */
export class Notices {
  all: Notice[] = $state.raw([]);
  #next = 0;

  say(text: string): void {
    this.#add({ id: this.#next++, text });
  }

  complain(error: unknown): void {
    this.#add({ id: this.#next++, problem: asProblem(error) });
  }

  /** Runs a wish; a refusal becomes a notice. Answers whether it was granted. */
  async attempt(wish: () => Promise<unknown>): Promise<boolean> {
    try {
      await wish();
      return true;
    } catch (error) {
      this.complain(error);
      return false;
    }
  }

  drop(id: number): void {
    this.all = this.all.filter((notice) => notice.id !== id);
  }

  #add(notice: Notice): void {
    this.all = [...this.all, notice].slice(-MOST);
    setTimeout(() => this.drop(notice.id), SHOWN_MS);
  }
}
