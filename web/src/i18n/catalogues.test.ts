import { expect, test } from "vitest";
import { en } from "./en";
import { fr } from "./fr";
import { clock } from "./time";

/** Every key with what stands there: "room.leave": "string", "chats.members": "function". */
function shape(node: object, path = ""): Record<string, string> {
  const entries = Object.entries(node).map(([key, value]: [string, unknown]) => {
    const here = `${path}${key}`;
    return typeof value === "object" && value !== null ? shape(value, `${here}.`) : { [here]: typeof value };
  });
  return Object.assign({}, ...entries);
}

function texts(node: object): unknown[] {
  return Object.values(node).flatMap((value: unknown) =>
    typeof value === "object" && value !== null ? texts(value) : [value],
  );
}

test("both languages have all words", () => {
  expect(shape(fr)).toEqual(shape(en));
});

test("no word is left empty", () => {
  expect([...texts(en), ...texts(fr)]).not.toContain("");
});

test("one and many are told apart as each language does", () => {
  expect([en.chats.members(0), en.chats.members(1)]).toEqual(["0 members", "1 member"]);
  expect([fr.chats.members(0), fr.chats.members(2)]).toEqual(["0 membre", "2 membres"]);
});

test("a length shows hours only when there are any", () => {
  expect([clock(0), clock(61.9), clock(3661), clock(-1)]).toEqual(["0:00", "1:01", "1:01:01", "0:00"]);
});
