import { expect, test } from "vitest";
import { participant, snapshot } from "../../test/make";
import type { Participant, RoomEvent } from "../wire";
import { reduce } from "./reducer";
import { emptiness, handPosition, isSpeaking, listeners, stage } from "./selectors";
import { OUTSIDE, type RoomAction, type RoomState } from "./state";
import { statusOf } from "./status";

const ME = { participantId: "me", mayManage: false };

function after(...actions: RoomAction[]): RoomState {
  return actions.reduce(reduce, OUTSIDE);
}

function joined(...participants: Participant[]): RoomAction {
  return { type: "joined", me: ME, snapshot: snapshot(1, participants), atMs: 0 };
}

function put(version: number, ...participants: Participant[]): RoomAction {
  const events: RoomEvent[] = [{ type: "participants_put", participants }];
  return { type: "changed", change: { after: version - 1, version, events }, atMs: LATER_MS };
}

const gone = (version: number, id: string): RoomAction => ({
  type: "changed",
  change: { after: version - 1, version, events: [{ type: "participants_gone", ids: [id] }] },
  atMs: LATER_MS,
});
const wish = (wanted: "on" | "off"): RoomAction => ({ type: "mic_wished", wanted, atMs: 0 });
/** Long enough after any wish that news is not its echo. */
const LATER_MS = 10_000;
const link = (which: "events" | "hear" | "speak", at: "up" | "waiting"): RoomAction => ({
  type: "link_moved",
  link: which,
  at,
});

test("who is not on the stage is muted by the manager and cannot wish to speak", () => {
  const state = after(joined(), wish("on"));
  expect(state.mic).toMatchObject({ actual: "muted_by_manager", wanted: "off" });
});

test("a wish stays a wish until the server says it is a fact", () => {
  const wished = after(joined(participant("me")), wish("on"));
  expect(wished.mic).toMatchObject({ wanted: "on", actual: "muted" });
  const granted = reduce(wished, put(2, participant("me", { mic: "live" })));
  expect(granted.mic).toMatchObject({ wanted: "on", actual: "live" });
});

test("being muted by a manager takes the wish away", () => {
  const live = [joined(participant("me")), wish("on"), put(2, participant("me", { mic: "live" }))];
  expect(after(...live, gone(3, "me")).mic).toMatchObject({ wanted: "off", actual: "muted_by_manager" });
});

test("a manager muted by another keeps the right to speak, but not the wish", () => {
  const live = [joined(participant("me")), wish("on"), link("speak", "up"), put(2, participant("me", { mic: "live" }))];
  expect(after(...live, put(3, participant("me"))).mic).toMatchObject({ wanted: "off", actual: "muted" });
});

test("the answer to an earlier wish does not take a newer one away", () => {
  const live = [joined(participant("me")), wish("on"), link("speak", "up"), put(2, participant("me", { mic: "live" }))];
  const again: RoomAction[] = [wish("off"), { type: "mic_wished", wanted: "on", atMs: LATER_MS - 100 }];
  expect(after(...live, ...again, put(3, participant("me"))).mic).toMatchObject({ wanted: "on", actual: "muted" });
});

test("losing the path of one's voice mutes, and the wish waits for the path to come back", () => {
  const live = [joined(participant("me")), wish("on"), put(2, participant("me", { mic: "live" }))];
  const lost = after(...live, link("speak", "waiting"), put(3, participant("me")));
  expect(lost.mic).toMatchObject({ wanted: "on", actual: "muted" });
});

test("a change with a gap before it is not applied", () => {
  const state = after(joined(), put(5, participant("bob")));
  expect(state.view?.version).toBe(1);
});

test("the answer to an older join does not throw back a stream that is further on", () => {
  const state = after(joined(), put(2, participant("bob")), joined());
  expect(state.view?.participants.has("bob")).toBe(true);
});

test("the ring follows the sound where sound arrives, and the server's word where it does not", () => {
  const bob = participant("bob", { mic: "live", csrc: 7 });
  const told: RoomAction = { type: "told_speaking", ids: ["bob"], atMs: 0 };
  const deaf = after(joined(bob), told);
  expect(isSpeaking(deaf, bob)).toBe(true);
  const hearing = reduce(deaf, link("hear", "up"));
  expect(isSpeaking(hearing, bob)).toBe(false);
  expect(isSpeaking(reduce(hearing, { type: "heard_speaking", csrcs: [7], atMs: 1 }), bob)).toBe(true);
});

test("who was heard lately comes first on the stage, then the newest", () => {
  const [old, fresh] = [participant("old"), participant("new", { joined_at: "2026-01-01T11:00:00.000Z" })];
  const state = after(joined(old, fresh));
  expect(stage(state, 0).map((p) => p.id)).toEqual(["new", "old"]);
  const spoken = reduce(state, { type: "told_speaking", ids: ["old"], atMs: 1_000 });
  expect(stage(spoken, 2_000).map((p) => p.id)).toEqual(["old", "new"]);
  expect(stage(spoken, 400_000).map((p) => p.id)).toEqual(["new", "old"]);
});

test("hands are served in the order they were raised", () => {
  const raised = (id: string, at: string) =>
    participant(id, { mic: "muted_by_manager", hand: { raised_at: at, question: null } });
  const state = after(joined(raised("me", "2026-01-01T10:05:00.000Z"), raised("bob", "2026-01-01T10:04:00.000Z")));
  expect(handPosition(state)).toBe(2);
});

test("pages of listeners are put one after the other without repeats or people of the stage", () => {
  const ear = (id: string) => participant(id, { mic: "muted_by_manager" });
  const page = (onto: "nothing" | "the_end", ...items: Participant[]): RoomAction => ({
    type: "listed",
    onto,
    page: { items, nextCursor: null, query: "" },
  });
  const state = after(
    joined(participant("bob")),
    page("nothing", ear("a"), participant("bob")),
    page("the_end", ear("a"), ear("c")),
  );
  expect(listeners(state).map((p) => p.id)).toEqual(["a", "c"]);
});

test("a list without rows says that nobody listens only when that is so", () => {
  const alone = after(joined(participant("bob")));
  expect(emptiness(alone, "")).toBe("nobody");
  const events: RoomEvent[] = [{ type: "counts_changed", counts: { in_room: 3, speakers: 1, hands: 0 } }];
  const before = reduce(alone, { type: "changed", change: { after: 1, version: 2, events }, atMs: LATER_MS });
  expect(emptiness(before, "")).toBe("not_read");
  expect(emptiness(before, "zoe")).toBe("not_read");
  const found = reduce(before, {
    type: "listed",
    onto: "nothing",
    page: { items: [], nextCursor: null, query: "zoe" },
  });
  expect(emptiness(found, "zoe")).toBe("not_found");
});

test("the status line says the most important thing", () => {
  const inside = [joined(participant("me")), link("hear", "up"), link("events", "up")];
  expect(statusOf(after(...inside))).toBe("connected");
  expect(statusOf(after(...inside, link("events", "waiting")))).toBe("events_lost");
  expect(statusOf(after(...inside, link("events", "waiting"), link("hear", "waiting")))).toBe("sound_lost");
});
