import { rooms } from "../api/calls";
import type { PersonaChoice, Room } from "../wire";
import { Conductor } from "./conductor";
import { reduce } from "./reducer";
import { OUTSIDE, type RoomAction, type RoomState } from "./state";

/** A stay in a room as the views see it: its state, and the wishes they may send. Wishes throw Problem. */
export class LiveRoom {
  state: RoomState = $state.raw(OUTSIDE);
  readonly #conductor: Conductor;

  constructor(
    readonly id: string,
    readonly chatId: string,
    as: PersonaChoice,
    complain: (error: unknown) => void,
  ) {
    const read = () => this.state;
    this.#conductor = new Conductor(id, as, read, (action) => this.#dispatch(action), complain);
    this.#conductor.enter();
  }

  #dispatch(action: RoomAction): void {
    this.state = reduce(this.state, action);
  }

  leave = () => this.#conductor.leave();
  end = () => rooms.end(this.id);
  allowPlayback = () => this.#conductor.allowPlayback();
  toggleMic = () => this.#conductor.wishMic(this.state.mic.wanted === "on" ? "off" : "on");
  raiseHand = (question: string) => rooms.raiseHand(this.id, question);
  lowerHand = () => rooms.lowerHand(this.id);
  setTitle = (title: string) => rooms.update(this.id, { title });
  setHands = (hands: Room["hands"]) => rooms.update(this.id, { hands });
  setJoinMuted = (join_muted: boolean) => rooms.update(this.id, { join_muted });
  mute = (participant: string) => rooms.mute(this.id, participant);
  allow = (participant: string) => rooms.allow(this.id, participant);
  putOff = (participant: string) => rooms.putOff(this.id, participant);
  remove = (participant: string) => rooms.remove(this.id, participant);
  muteAll = () => rooms.muteAll(this.id);
  startRecording = (title: string) => rooms.record(this.id, title);
  stopRecording = () => rooms.stopRecording(this.id);

  /** Reads the first page of everyone in the room, or the next one onto what is there. */
  async list(query: string, more: boolean): Promise<void> {
    const page = await rooms.participants(this.id, more ? this.state.listed.nextCursor : null, query);
    const listed = { items: page.items, nextCursor: page.next_cursor, query };
    this.#dispatch({ type: "listed", page: listed, onto: more ? "the_end" : "nothing" });
  }
}
