import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { browser, installBrowser } from "../../test/fake_browser";
import { FakeServer } from "../../test/fake_server";
import { participant } from "../../test/make";
import { reduce } from "./reducer";
import { OUTSIDE } from "./state";
import { statusOf } from "./status";

let server = new FakeServer([]);
installBrowser((input, init) => server.fetch(input, init));
// The HTTP client takes `fetch` and `location` as it is loaded.
const { Conductor } = await import("./conductor");

const ann = participant("ann");
const complaints: unknown[] = [];

/** Ann's stay in a room in which she may speak, as far as the sound is up. */
async function inside() {
  let state = OUTSIDE;
  const conductor = new Conductor(
    "room_1",
    { kind: "account", id: "acc_ann" },
    () => state,
    (action) => (state = reduce(state, action)),
    (error) => complaints.push(error),
  );
  conductor.enter();
  await asked("open events");
  await asked("open whep");
  browser.open("recvonly")[0]?.move("connected");
  const status = () => statusOf(state);
  await vi.waitFor(() => expect(status()).toBe("connected"));
  return { conductor, status, mic: () => state.mic, title: () => state.view?.room.title };
}

/** As `inside`, and Ann speaks. */
async function speaking() {
  const stay = await inside();
  await stay.conductor.wishMic("on");
  await asked("open whip");
  browser.open("sendonly")[0]?.move("connected");
  server.tell({ type: "participants_put", participants: [participant("ann", { mic: "live" })] });
  await vi.waitFor(() => expect(stay.mic().actual).toBe("live"));
  return stay;
}

async function asked(word: string, times = 1): Promise<void> {
  await vi.waitFor(() => expect(server.times(word)).toBe(times), { timeout: 60_000 });
}

/** Long enough for everything that is on its way, too short for a path to be given up. */
const settled = () => vi.advanceTimersByTimeAsync(100);

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeServer([ann]);
  browser.reset();
  complaints.length = 0;
});
afterEach(() => vi.useRealTimers());

describe("the microphone", () => {
  test("is not asked for before somebody wishes to speak", async () => {
    await inside();
    expect([server.times("open whip"), browser.tracks]).toEqual([0, []]);
  });

  test("opens with a session of its own, which tells the server by itself", async () => {
    const { mic } = await speaking();
    expect([mic().wanted, browser.open("sendonly")[0]?.sent]).toEqual(["on", browser.tracks[0]]);
    expect(server.asked.filter((word) => word.startsWith("mic"))).toEqual([]);
  });

  test("is switched off and on again in the session that is there, in the order of the wishes", async () => {
    const { conductor } = await speaking();
    await conductor.wishMic("off");
    expect(browser.tracks[0]?.enabled).toBe(false);
    await conductor.wishMic("on");
    await conductor.wishMic("off");
    await asked("mic muted", 2);
    expect(server.asked.slice(-3)).toEqual(["mic muted", "mic live", "mic muted"]);
    expect(server.times("open whip")).toBe(1);
  });

  test("that was muted while its session was being made is told to be muted", async () => {
    const { conductor } = await inside();
    await conductor.wishMic("on");
    await asked("open whip");
    await conductor.wishMic("off");
    browser.open("sendonly")[0]?.move("connected");
    await asked("mic muted");
  });

  test("that is refused is explained, and the sound goes on", async () => {
    const { conductor, status, mic } = await inside();
    browser.refusal = new DOMException("", "NotAllowedError");
    await conductor.wishMic("on");
    await settled();
    expect([mic().wanted, mic().trouble, status()]).toEqual(["off", "refused", "connected"]);
    expect([server.times("open whip"), browser.open("recvonly").length]).toEqual([0, 1]);
  });

  test("that is pulled out is explained, and the server is told", async () => {
    const { mic } = await speaking();
    browser.tracks[0]?.unplug();
    await asked("mic muted");
    expect([mic().wanted, mic().trouble]).toEqual(["off", "missing"]);
  });

  test("that was pulled out is replaced by the next wish, in a new session", async () => {
    const { conductor } = await speaking();
    browser.tracks[0]?.unplug();
    await conductor.wishMic("on");
    await asked("open whip", 2);
    expect(browser.open("sendonly").map((one) => one.sent)).toEqual([browser.tracks[1]]);
  });

  test("is switched off at once when a manager mutes it", async () => {
    const { mic } = await speaking();
    server.tell({ type: "participants_put", participants: [participant("ann", { mic: "muted_by_manager" })] });
    await vi.waitFor(() => expect(browser.tracks[0]?.enabled).toBe(false));
    expect(mic().wanted).toBe("off");
  });

  test("that is granted after its owner has left is closed again", async () => {
    const { conductor } = await inside();
    const answer = browser.ask();
    const wished = conductor.wishMic("on");
    conductor.leave();
    answer();
    await wished;
    expect([browser.tracks.length, browser.live]).toEqual([1, []]);
  });

  test("is asked for once, however often it is wished for before the answer", async () => {
    const { conductor } = await inside();
    const answer = browser.ask();
    const wishes = [conductor.wishMic("on"), conductor.wishMic("off"), conductor.wishMic("on")];
    answer();
    await Promise.all(wishes);
    expect([browser.tracks.length, browser.live.length]).toEqual([1, 1]);
  });
});

describe("what breaks", () => {
  test("is said for as long as the events are away, also while they are tried again", async () => {
    const { status } = await inside();
    server.refuse("open events", 503);
    server.refuse("open events", "silence");
    server.loseEvents();
    await vi.waitFor(() => expect(status()).toBe("events_lost"));
    const said = new Set<string>();
    while (server.times("open events") < 4) {
      said.add(status());
      await settled();
    }
    expect([...said]).toEqual(["events_lost"]);
    await vi.waitFor(() => expect(status()).toBe("connected"));
  });

  test("in the events makes both media paths be looked at", async () => {
    await speaking();
    server.loseEvents();
    await asked("restart whep");
    await asked("restart whip");
  });

  test("in the events ends the session of a microphone that nobody wants open", async () => {
    const { conductor } = await speaking();
    await conductor.wishMic("off");
    server.loseEvents();
    await asked("close whip");
    expect(browser.open("sendonly")).toEqual([]);
  });

  test("in hearing is said and restored in a new session", async () => {
    const { status } = await inside();
    browser.open("recvonly")[0]?.move("failed");
    expect(status()).toBe("sound_lost");
    await asked("open whep", 2);
    browser.open("recvonly")[0]?.move("connected");
    expect(status()).toBe("connected");
  });

  test("in speaking is said and restored with the same microphone", async () => {
    const { status } = await speaking();
    browser.open("sendonly")[0]?.move("failed");
    expect(status()).toBe("voice_lost");
    await asked("open whip", 2);
    browser.open("sendonly")[0]?.move("connected");
    expect([status(), browser.open("sendonly")[0]?.sent]).toEqual(["connected", browser.tracks[0]]);
  });

  test("with the ticket makes one join again and go through every door anew", async () => {
    const { status } = await speaking();
    server.refuse("open events", 401);
    server.loseEvents();
    await asked("join", 2);
    await asked("open whep", 2);
    await asked("open whip", 2);
    for (const one of browser.connections) if (one.connectionState === "new") one.move("connected");
    await vi.waitFor(() => expect(status()).toBe("connected"));
  });
});

describe("the end", () => {
  test("by leaving closes the doors and the microphone, and tells the server", async () => {
    const { conductor } = await speaking();
    conductor.leave();
    await asked("leave");
    expect([browser.live, browser.open("recvonly"), browser.open("sendonly")]).toEqual([[], [], []]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([server.times("join"), server.times("open events")]).toEqual([1, 1]);
  });

  test.each(["ROOM_ENDED", "REMOVED_FROM_ROOM", "TAKEN_OVER"])("by %s closes them and says nothing", async (code) => {
    const { status } = await speaking();
    server.bye(code);
    await vi.waitFor(() => expect(status()).toBe("over"));
    expect([browser.live, browser.open("recvonly"), server.times("leave")]).toEqual([[], [], 0]);
  });
});

test("a server that does not take the word of a microphone is complained of", async () => {
  const { conductor } = await speaking();
  server.refuse("mic muted", 500);
  await conductor.wishMic("off");
  await vi.waitFor(() => expect(complaints).toHaveLength(1));
});
