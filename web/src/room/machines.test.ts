import { describe, expect, test } from "vitest";
import { VirtualTimers } from "../../test/virtual_timers";
import { OFF, type PathEffect, type PathInput, stepPath } from "../media/path_machine";
import { EVENTS_OFF, type EventsEffect, type EventsInput, stepEvents } from "./events_machine";
import { backoffMs, Runner, type Step } from "./machine";
import { OUT, type SessionEffect, type SessionInput, stepSession } from "./session_machine";

type Common = { do: "give"; ms: number } | { do: "back_off"; attempt: number; atLeastS: number | null };

/** Runs a machine with virtual time; keeps what it asked to be done, but for the timers, which it gets. */
function rig<S extends { at: string }, I, E extends { do: string }>(first: S, step: Step<S, I, E>, time: I) {
  const timers = new VirtualTimers();
  const done: string[] = [];
  const runner: Runner<S, I, E> = new Runner(
    first,
    step,
    (effect) => {
      if (isTimer(effect)) {
        if (effect.do === "give") runner.later(effect.ms, time);
        else runner.backOff(effect.attempt, effect.atLeastS, time);
      } else done.push(effect.do);
    },
    () => undefined,
    timers,
  );
  return { send: (...inputs: I[]) => inputs.forEach((i) => runner.send(i)), at: () => runner.state.at, done, timers };
}

function isTimer(effect: { do: string }): effect is Common {
  return effect.do === "give" || effect.do === "back_off";
}

const path = () => rig<ReturnType<typeof stepPath>[0], PathInput, PathEffect>(OFF, stepPath, { is: "time" });
const events = () =>
  rig<ReturnType<typeof stepEvents>[0], EventsInput, EventsEffect>(EVENTS_OFF, stepEvents, { is: "time" });
const session = () =>
  rig<ReturnType<typeof stepSession>[0], SessionInput, SessionEffect>(OUT, stepSession, { is: "time" });
const denied = (status: number, retryAfterS: number | null = null) =>
  ({ is: "denied", status, code: `HTTP_${status}`, retryAfterS }) as const;

describe("a media path", () => {
  test("that is interrupted for a moment is left to the browser", () => {
    const { send, at, done, timers } = path();
    send({ is: "start" }, { is: "connected" }, { is: "disconnected" });
    timers.pass(1_500);
    send({ is: "connected" });
    timers.pass(60_000);
    expect([at(), done]).toEqual(["up", ["open"]]);
  });

  test("that stays interrupted restarts ICE, and opens a new session when that does not help", () => {
    const { send, at, done, timers } = path();
    send({ is: "start" }, { is: "connected" }, { is: "disconnected" });
    timers.pass(2_000);
    expect(done).toEqual(["open", "restart_ice"]);
    timers.pass(5_000);
    expect([at(), done]).toEqual(["opening", ["open", "restart_ice", "close", "open"]]);
  });

  test("that a restarted server does not know is opened anew at once", () => {
    const { send, done } = path();
    send({ is: "start" }, { is: "connected" }, { is: "doubted" }, { is: "restart_denied" });
    expect(done).toEqual(["open", "restart_ice", "close", "open"]);
  });

  test("whose ticket is refused asks for another and goes on with it", () => {
    const { send, at, done } = path();
    send({ is: "start" }, denied(401));
    expect([at(), done]).toEqual(["stale", ["open", "close", "renew_ticket"]]);
    send({ is: "renewed" });
    expect(at()).toBe("opening");
  });

  test("that the server has no room for waits as long as it says", () => {
    const { send, at, timers } = path();
    send({ is: "start" }, denied(503, 7));
    timers.pass(6_900);
    expect(at()).toBe("waiting");
    timers.pass(200);
    expect(at()).toBe("opening");
  });

  test("that is forbidden stays closed until the next wish", () => {
    const { send, at, timers } = path();
    send({ is: "start" }, denied(403));
    timers.pass(60_000);
    expect(at()).toBe("refused");
    send({ is: "start" });
    expect(at()).toBe("opening");
  });

  test("that never gets through is tried again, and again later", () => {
    const { send, done, timers } = path();
    send({ is: "start" });
    timers.pass(60_000);
    expect(done.filter((what) => what === "open").length).toBeGreaterThan(2);
  });

  test("that is stopped does nothing any more", () => {
    const { send, done, timers } = path();
    send({ is: "start" }, { is: "failed" }, { is: "stop" });
    timers.pass(60_000);
    expect(done).toEqual(["open", "close", "close"]);
  });
});

describe("an event stream", () => {
  const up: EventsInput[] = [{ is: "start", version: 3 }, { is: "opened" }];

  test("that is lost comes back after a pause and goes on where it was", () => {
    const { send, at, done, timers } = events();
    send(...up, { is: "change", after: 3, version: 5 }, { is: "lost" });
    timers.pass(400);
    send({ is: "opened" });
    expect([at(), done]).toEqual(["up", ["open", "close", "open", "tell_back"]]);
  });

  test("with a gap in its versions is opened again from the beginning", () => {
    let lastEventId: number | null | undefined;
    const [opened] = stepEvents({ at: "opening", attempt: 0, version: 3 }, { is: "opened" });
    const [, effects] = stepEvents(opened, { is: "change", after: 4, version: 5 });
    for (const effect of effects) if (effect.do === "open") lastEventId = effect.lastEventId;
    expect(lastEventId).toBeNull();
  });

  test("that repeats what is known is not a gap", () => {
    const { send, at, done } = events();
    send(...up, { is: "change", after: 1, version: 3 });
    expect([at(), done]).toEqual(["up", ["open"]]);
  });

  test("that is silent for longer than two keep-alives is taken for lost", () => {
    const { send, at, timers } = events();
    send(...up);
    timers.pass(30_000);
    send({ is: "alive" });
    timers.pass(30_000);
    expect(at()).toBe("up");
    timers.pass(6_000);
    expect(at()).not.toBe("up");
  });

  test("whose ticket is refused asks for another", () => {
    const { send, at, done } = events();
    send({ is: "start", version: null }, { is: "denied", status: 401, retryAfterS: null });
    expect([at(), done]).toEqual(["stale", ["open", "close", "renew_ticket"]]);
    send({ is: "start", version: null });
    expect(at()).toBe("opening");
  });
});

describe("a stay in a room", () => {
  test("joins again and opens all doors when the server does not know the ticket any more", () => {
    const { send, done } = session();
    send({ is: "enter" }, { is: "joined" }, { is: "ticket_refused" }, { is: "joined" });
    expect(done).toEqual(["post_join", "open_doors", "post_join", "open_doors"]);
  });

  test("in a voice chat that is full is over, and waits where the server only has too much to do", () => {
    const full = session();
    full.send({ is: "enter" }, { is: "denied", status: 503, code: "ROOM_FULL", retryAfterS: 10 });
    expect(full.at()).toBe("over");
    const busy = session();
    busy.send({ is: "enter" }, { is: "denied", status: 503, code: "MEDIA_BUSY", retryAfterS: 1 });
    expect(busy.at()).toBe("waiting");
  });

  test("does not hammer doors that refuse every ticket", () => {
    const { send, at, done, timers } = session();
    send({ is: "enter" }, { is: "joined" }, { is: "ticket_refused" }, { is: "joined" }, { is: "ticket_refused" });
    expect([at(), done.length]).toEqual(["waiting", 4]);
    timers.pass(1_000);
    expect(at()).toBe("joining");
  });

  test("keeps trying while the server is away", () => {
    const { send, at, timers } = session();
    send({ is: "enter" }, denied(0));
    expect(at()).toBe("waiting");
    timers.pass(10_000);
    expect(at()).toBe("joining");
  });

  test("is over when the server says so, and says nothing of leaving", () => {
    const { send, at, done } = session();
    send({ is: "enter" }, { is: "joined" }, { is: "bye", code: "REMOVED_FROM_ROOM" }, { is: "leave" });
    expect([at(), done]).toEqual(["over", ["post_join", "open_doors", "close_doors"]]);
  });

  test("that is left closes the doors and tells the server", () => {
    const { send, done } = session();
    send({ is: "enter" }, { is: "joined" }, { is: "leave" });
    expect(done.slice(2)).toEqual(["close_doors", "post_leave"]);
  });
});

test("waits double up to a limit, and the jitter never makes them longer", () => {
  expect(backoffMs(0, 0)).toBe(200);
  expect(backoffMs(0, 1)).toBe(400);
  expect(backoffMs(30, 1)).toBe(5_000);
});
