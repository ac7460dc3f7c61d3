import { rooms } from "../api/calls";
import { asProblem } from "../api/problem";
import { watchLines } from "../media/lines";
import { OwnMicrophone } from "../media/own_microphone";
import { MediaPath } from "../media/path";
import type { PathState } from "../media/path_machine";
import { askForResilientOpus } from "../media/sdp";
import { Loudspeakers } from "../media/speakers";
import type { Change, JoinAnswer, PersonaChoice, RoomEvent, RoomSnapshot } from "../wire";
import { EventStream } from "./event_stream";
import type { EventsState } from "./events_machine";
import { browserTimers, Runner } from "./machine";
import { OUT, type SessionEffect, type SessionInput, type SessionState, stepSession } from "./session_machine";
import type { RoomAction, RoomState } from "./state";

/**
 * Three slots, in which the server forwards the three loudest voices, and the one mix that listeners of a big room get
 * instead. Which of them are used is the server's choice, and may change at any time.
 */
const LINES = 3 + 1;

/**
 * Keeps one stay in one room going: joins, opens the doors (events, hearing, speaking), and brings back what breaks.
 * It decides nothing: what happened goes to the reducer, what is to be done comes from the state machines.
 */
export class Conductor {
  #answer: JoinAnswer | null = null;
  /** Words to the server about the microphone go out one after the other: the last wish has to be the last word. */
  #telling: Promise<unknown> = Promise.resolve();
  #stopWatching: (() => void) | null = null;
  readonly #session: Runner<SessionState, SessionInput, SessionEffect>;
  readonly #events: EventStream<RoomSnapshot, RoomEvent>;
  readonly #hear: MediaPath;
  readonly #speak: MediaPath;
  readonly #loudspeakers: Loudspeakers;
  readonly #microphone: OwnMicrophone;

  constructor(
    private readonly room: string,
    private readonly as: PersonaChoice,
    private readonly read: () => RoomState,
    private readonly dispatch: (action: RoomAction) => void,
    private readonly complain: (error: unknown) => void,
  ) {
    const timers = browserTimers;
    this.#session = new Runner(
      OUT,
      stepSession,
      (e) => this.#perform(e),
      (s) => this.#sessionMoved(s),
      timers,
    );
    this.#loudspeakers = new Loudspeakers((is) =>
      dispatch({ type: "playback_moved", playback: is ? "blocked" : "allowed" }),
    );
    this.#microphone = new OwnMicrophone({
      troubled: (trouble) => dispatch({ type: "mic_troubled", trouble }),
      opened: () => this.#speak.send({ is: "stop" }), // It carried a track that is gone.
      unplugged: () => this.#unplugged(),
    });
    this.#events = new EventStream(() => this.#door("events"), this.#eventHandlers(), timers);
    this.#hear = new MediaPath(
      { prepare: (pc) => this.#prepareHearing(pc), door: () => this.#door("whep") },
      { moved: (state) => this.#linkMoved("hear", state), ticketRefused: () => this.#ticketRefused() },
      timers,
    );
    this.#speak = new MediaPath(
      { prepare: (pc) => this.#prepareSpeaking(pc), tune: askForResilientOpus, door: () => this.#door("whip") },
      { moved: (state) => this.#speakMoved(state), ticketRefused: () => this.#ticketRefused() },
      timers,
    );
  }

  enter(): void {
    this.#session.send({ is: "enter" });
  }

  leave(): void {
    this.#session.send({ is: "leave" });
  }

  /** To be called from a tap. */
  allowPlayback(): Promise<void> {
    return this.#loudspeakers.resume();
  }

  /** Opens or closes the own microphone. The fact follows by an event from the server. */
  async wishMic(wanted: "on" | "off"): Promise<void> {
    this.#wish(wanted);
    if (this.read().mic.wanted === "on" && !(await this.#microphone.have())) this.#wish("off");
    this.#obeyWish();
  }

  #wish(wanted: "on" | "off"): void {
    this.dispatch({ type: "mic_wished", wanted, atMs: Date.now() });
  }

  /** Makes track and path agree with the wish, and tells the server when it has to hear of it. */
  #obeyWish(): void {
    const { wanted, actual } = this.read().mic;
    this.#microphone.turn(wanted);
    if (this.#session.state.at !== "in") return;
    if (wanted === "on") this.#speak.send({ is: "start" });
    // A new WHIP session tells the server by itself that the microphone is open.
    if (this.#speak.state.at === "up") this.#tellMic(wanted === "on" ? "live" : "muted");
    else if (wanted === "off" && actual === "live") this.#tellMic("muted");
  }

  #tellMic(state: "live" | "muted"): void {
    this.#telling = this.#telling.then(() => rooms.mic(this.room, state)).catch(this.complain);
  }

  #unplugged(): void {
    this.dispatch({ type: "mic_troubled", trouble: "missing" });
    this.#wish("off");
    this.#obeyWish();
  }

  #perform(effect: SessionEffect): void {
    switch (effect.do) {
      case "post_join":
        void this.#join(effect.back);
        return;
      case "open_doors":
        this.#openDoors();
        return;
      case "close_doors":
        this.#closeDoors();
        return;
      case "post_leave":
        // The server notices by itself, a little later, when this does not arrive.
        rooms.leave(this.room).catch(() => undefined);
        return;
      case "back_off":
        this.#session.backOff(effect.attempt, effect.atLeastS, { is: "time" });
    }
  }

  async #join(back: boolean): Promise<void> {
    try {
      const answer = await rooms.join(this.room, this.as, !back);
      this.#answer = answer;
      const me = { participantId: answer.participant_id, mayManage: answer.you.may_manage };
      this.dispatch({ type: "joined", me, snapshot: answer.snapshot, atMs: Date.now() });
      this.#session.send({ is: "joined" });
    } catch (error) {
      this.#session.send({ is: "denied", ...asProblem(error) });
    }
  }

  #openDoors(): void {
    const version = this.read().view?.version ?? null;
    this.#events.send({ is: "start", version });
    this.#hear.send(this.#hear.state.at === "off" ? { is: "start" } : { is: "renewed" });
    if (this.read().mic.wanted === "on")
      this.#speak.send(this.#speak.state.at === "off" ? { is: "start" } : { is: "renewed" });
    else this.#speak.send({ is: "stop" });
    this.#stopWatching ??= watchLines(
      () => this.#hear.receivers(),
      () => this.#speak.state.at !== "off",
      (csrcs) => this.dispatch({ type: "heard_speaking", csrcs, atMs: Date.now() }),
    );
  }

  #closeDoors(): void {
    this.#events.send({ is: "stop" });
    this.#hear.send({ is: "stop" });
    this.#speak.send({ is: "stop" });
    this.#stopWatching?.();
    this.#loudspeakers.stop();
    this.#microphone.end();
  }

  #eventHandlers() {
    return {
      snapshot: (snapshot: RoomSnapshot) => this.#tell({ type: "snapshot", snapshot, atMs: Date.now() }),
      changed: (change: Change<RoomEvent>) => this.#tell({ type: "changed", change, atMs: Date.now() }),
      speaking: (ids: string[]) => this.dispatch({ type: "told_speaking", ids, atMs: Date.now() }),
      bye: (code: string) => this.#session.send({ is: "bye", code }),
      moved: (state: EventsState) => this.#eventsMoved(state),
      ticketRefused: () => this.#ticketRefused(),
      // The server may be a new one that knows nothing of these sessions: checking costs nothing that can be heard.
      back: () => {
        this.#hear.send({ is: "doubted" });
        this.#speak.send({ is: this.read().mic.wanted === "on" ? "doubted" : "stop" });
      },
    };
  }

  /** News of the room; some of it changes what this side has to do. */
  #tell(action: RoomAction): void {
    this.dispatch(action);
    if (this.read().view?.room.state === "ended") this.#session.send({ is: "bye", code: "ROOM_ENDED" });
    else this.#microphone.turn(this.read().mic.wanted);
  }

  #prepareHearing(pc: RTCPeerConnection): void {
    const lines = Array.from({ length: LINES }, () => pc.addTransceiver("audio", { direction: "recvonly" }));
    this.#loudspeakers.play(lines.map((line) => line.receiver.track));
  }

  #prepareSpeaking(pc: RTCPeerConnection): void {
    pc.addTransceiver(this.#microphone.track ?? "audio", { direction: "sendonly" });
  }

  #speakMoved(state: PathState): void {
    this.#linkMoved("speak", state);
    const { wanted, actual } = this.read().mic;
    if (state.at === "refused") this.#wish("off");
    // Nobody waits for this voice, and its coming back would tell the server of an open microphone.
    else if (state.at === "waiting" && wanted === "off") this.#speak.send({ is: "stop" });
    // Muted while the session was being made: the server took its coming up for an open microphone.
    else if (state.at === "up" && wanted === "off" && actual !== "muted_by_manager") this.#tellMic("muted");
  }

  #eventsMoved(state: EventsState): void {
    // Lost until it is back: each new try takes a while, and may be in vain.
    const again = state.at === "opening" && state.attempt > 0;
    this.dispatch({ type: "link_moved", link: "events", at: again ? "waiting" : state.at });
    if (state.at === "up") this.#session.send({ is: "settled" });
  }

  #linkMoved(link: "hear" | "speak", { at }: PathState): void {
    this.dispatch({ type: "link_moved", link, at: at === "restarting" ? "shaky" : at });
  }

  #sessionMoved(state: SessionState): void {
    if (state.at === "out") return;
    if (state.at === "in" || state.at === "over") return this.dispatch({ type: "session_moved", session: state });
    this.dispatch({ type: "session_moved", session: { at: state.back ? "coming_back" : "joining" } });
  }

  #ticketRefused(): void {
    this.#session.send({ is: "ticket_refused" });
  }

  #door(which: keyof JoinAnswer["edge"]): { url: string; ticket: string } {
    if (this.#answer === null) throw new TypeError("no door is opened before the room has been joined");
    return { url: this.#answer.edge[which], ticket: this.#answer.ticket };
  }
}
