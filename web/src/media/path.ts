import { asProblem } from "../api/problem";
import { type Timers, Runner } from "../room/machine";
import { OFF, type PathEffect, type PathInput, type PathState, stepPath } from "./path_machine";
import { type Door, type MediaSession, openSession } from "./session";

/** What differs between hearing and speaking. */
export interface PathKind {
  /** Adds the transceivers to a new connection. */
  prepare(pc: RTCPeerConnection): void;
  tune?(answer: string): string;
  door(): Door;
}

export interface PathReports {
  moved(state: PathState): void;
  ticketRefused(): void;
}

/** Runs one media path: does with browser and server what its state machine asks for. */
export class MediaPath {
  #pc: RTCPeerConnection | null = null;
  #session: MediaSession | null = null;
  readonly #runner: Runner<PathState, PathInput, PathEffect>;

  constructor(
    private readonly kind: PathKind,
    private readonly reports: PathReports,
    timers: Timers,
  ) {
    this.#runner = new Runner(OFF, stepPath, (effect) => this.#perform(effect), reports.moved, timers);
  }

  get state(): PathState {
    return this.#runner.state;
  }

  send(input: PathInput): void {
    this.#runner.send(input);
  }

  receivers(): readonly RTCRtpReceiver[] {
    return this.#pc?.getReceivers() ?? [];
  }

  #perform(effect: PathEffect): void {
    switch (effect.do) {
      case "open":
        void this.#open();
        return;
      case "close":
        this.#close();
        return;
      case "restart_ice":
        void this.#restart();
        return;
      case "renew_ticket":
        this.reports.ticketRefused();
        return;
      case "back_off":
        this.#runner.backOff(effect.attempt, effect.atLeastS, { is: "time" });
        return;
      case "give":
        this.#runner.later(effect.ms, { is: "time" });
    }
  }

  async #open(): Promise<void> {
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.#pc = pc;
    pc.onconnectionstatechange = () => this.#connectionMoved(pc);
    this.kind.prepare(pc);
    try {
      const session = await openSession(pc, this.kind.door(), this.kind.tune);
      if (this.#pc === pc) this.#session = session;
      else session.close();
    } catch (error) {
      if (this.#pc === pc) this.#runner.send({ is: "denied", ...asProblem(error) });
    }
  }

  async #restart(): Promise<void> {
    const session = this.#session;
    try {
      await session?.restartIce();
      // Nothing was lost after all: the state does not change, so the browser will not report it.
      if (this.#session === session && this.#pc?.connectionState === "connected") this.send({ is: "connected" });
    } catch {
      // Whatever the reason, a new session is the remedy, and its refusal is reported in its own words.
      if (this.#session === session) this.#runner.send({ is: "restart_denied" });
    }
  }

  #connectionMoved(pc: RTCPeerConnection): void {
    if (this.#pc !== pc) return;
    const state = pc.connectionState;
    if (state === "connected" || state === "disconnected" || state === "failed") this.#runner.send({ is: state });
  }

  #close(): void {
    const [pc, session] = [this.#pc, this.#session];
    this.#pc = null;
    this.#session = null;
    if (session === null) pc?.close();
    else session.close();
  }
}
