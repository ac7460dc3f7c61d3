/** A small made-up server for looking at the client without a real one: answers by path. */
const at = (minutesAgo) => new Date(Date.now() - minutesAgo * 60_000).toISOString();
const account = { id: "acc_1", handle: "awa", display_name: "Awa Diallo", bio: "Radio, mostly.", locale: "en" };
const mine = (owner, rights = []) => ({ member: true, owner, rights });
const live = {
  id: "room_1",
  title: "Friday palaver",
  started_at: at(12),
  in_room: 128,
  recent_speakers: ["Awa Diallo", "Noé Martin", "Imani K."],
};
const chat = (id, kind, title, more) => ({
  id,
  kind,
  title,
  handle: null,
  visibility: "public",
  description: "",
  member_count: 1,
  my: mine(false),
  live_room: null,
  ...more,
});
const chats = [
  chat("chat_s", "saved", "", { visibility: "private" }),
  chat("chat_1", "channel", "Radio Baobab", {
    handle: "baobab",
    member_count: 2310,
    my: mine(true),
    live_room: live,
    description: "Voices of the neighbourhood, every Friday at nine.",
  }),
  chat("chat_2", "group", "Rust & coffee", {
    member_count: 48,
    live_room: { ...live, id: "room_2", title: "Borrow checker therapy", in_room: 7 },
  }),
  chat("chat_3", "group", "Famille", { visibility: "private", member_count: 6 }),
  chat("chat_4", "channel", "Jazz at night", { handle: "jazz", member_count: 512 }),
];
const author = (id, name, kind = "account") => ({ kind, id, name });
const channel = author("chat_1", "Radio Baobab", "channel");
const wave = Array.from({ length: 100 }, (_, i) => Math.round(Math.abs(Math.sin(i / 4) * Math.cos(i / 17)) * 29 + 2));
const voice = (title, duration_ms) => ({ url: "/api/v1/messages/msg_4/audio", duration_ms, waveform: wave, title });
const message = (seq, more) => ({
  id: `msg_${seq}`,
  chat_id: "chat_1",
  seq,
  kind: "text",
  sent_at: at(60 - seq),
  author: null,
  text: null,
  service: null,
  voice: null,
  ...more,
});
const ended = { type: "room_ended", room_id: "r0", title: "Market day", duration_s: 3127 };
const messages = {
  chat_1: [
    message(1, {
      author: channel,
      text: "Tonight: who decides where the new market goes? Come and speak, hands are open.",
    }),
    message(2, { kind: "service", service: ended }),
    message(3, { author: channel, text: "Thank you all. The recording is below." }),
    message(4, { kind: "voice", author: channel, voice: voice("Market day", 3127000) }),
    message(5, { author: author("acc_1", "Awa Diallo"), text: "See you at nine!" }),
    message(6, { kind: "service", service: { type: "room_started", room_id: "room_1", title: "Friday palaver" } }),
  ],
  chat_s: [message(1, { kind: "voice", author: author("acc_1", "Awa"), voice: voice("Friday palaver", 754000) })],
};
const person = (n, name, mic, more) => ({
  id: `part_${n}`,
  csrc: n,
  persona: { kind: "account", id: `acc_${n}`, name, handle: null, bio: "" },
  role: "speaker",
  mic,
  hand: null,
  joined_at: at(20 - n),
  ...more,
});
const stage = [
  person(1, "Awa Diallo", "muted", { role: "manager" }),
  person(2, "Noé Martin", "live"),
  person(3, "Imani Kariuki", "live"),
  person(4, "Rust & coffee", "muted"),
  person(5, "Lê Thị Hoa", "muted"),
];
const hand = (minutes, question) => ({ role: "listener", hand: { raised_at: at(minutes), question } });
const waiting = [
  person(6, "Sofia Rossi", "muted_by_manager", hand(3, "Can the fishmongers stay by the water?")),
  person(7, "Jean-Baptiste de la Fontaine", "muted_by_manager", hand(1, null)),
];
const bios = { Ana: "", "Bo Chen": "Here to listen.", Chidi: "", "Dörte Müller": "Architect", Ewa: "" };
const ears = Object.entries(bios).map(([name, bio], i) =>
  person(20 + i, name, "muted_by_manager", {
    role: "listener",
    persona: { kind: "account", id: `acc_l${i}`, name, handle: null, bio },
  }),
);

export function snapshot(as) {
  const listener = person(1, "Awa Diallo", "muted_by_manager", hand(0, null));
  return {
    version: 7,
    room: {
      id: "room_1",
      chat_id: "chat_1",
      title: "Friday palaver",
      state: "live",
      started_at: at(12),
      join_muted: true,
      hands: "everyone",
      recording: { id: "rec_1", title: "Friday palaver", started_at: at(4) },
    },
    counts: { in_room: 128, speakers: 5, hands: 2 },
    participants: as === "listener" ? [...stage.slice(1), ...waiting, listener] : [...stage, ...waiting],
  };
}

export const speaking = ["part_2"];

const REPLIES = {
  messages: ([, , , , id]) => ({ items: messages[id] ?? [], next_cursor: null }),
  personas: () => ({
    items: [stage[0].persona, { kind: "channel", id: "chat_1", name: "Radio Baobab", handle: null, bio: "" }],
    remembered: { kind: "channel", id: "chat_1" },
  }),
  members: () => ({
    items: [
      { account_id: "acc_1", handle: "awa", display_name: "Awa Diallo", owner: true, rights: [] },
      { account_id: "acc_2", handle: "noe", display_name: "Noé Martin", owner: false, rights: ["manage_rooms"] },
    ],
    next_cursor: null,
  }),
  join: (_, as) => ({
    ticket: "t",
    expires_at: at(-9),
    participant_id: "part_1",
    edge: { whip: `${location}/edge/whip`, whep: `${location}/edge/whep`, events: `${location}/edge/events` },
    you: { may_manage: as === "manager", may_speak: true },
    snapshot: snapshot(as),
  }),
  participants: () => ({ items: ears, next_cursor: "more" }),
};

let location = "";

/** @returns [status, body] of the made-up API at `origin`, as seen by "manager", "listener" or "nobody". */
export function answer(origin, path, as) {
  location = origin;
  const parts = path.split("/");
  const reply = parts.length > 5 ? REPLIES[parts.at(-1)] : undefined;
  if (reply !== undefined) return [200, reply(parts, as)];
  if (path === "/api/v1/me" && as === "nobody") return [401, { status: 401, code: "NOT_SIGNED_IN", detail: "" }];
  if (path === "/api/v1/me") return [200, account];
  if (path === "/api/v1/chats") return [200, { items: chats, next_cursor: null }];
  const found = chats.find((one) => path === `/api/v1/chats/${one.id}`);
  return found ? [200, found] : [404, { status: 404, code: "NOT_FOUND", detail: "" }];
}
