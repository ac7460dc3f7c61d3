import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Change, parseJson, type RoomEvent, type RoomSnapshot } from "../wire";
import { fold, leavesGap, viewOf } from "./fold";
import { snapshot } from "../../test/make";

interface Case {
  name: string;
  viewer: string;
  snapshot: RoomSnapshot;
  changes: Change<RoomEvent>[];
  gathered: Change<RoomEvent>;
  expected: RoomSnapshot;
}

const vectors = new URL("../../../tests/vectors/room_views.json", import.meta.url);
const { cases } = parseJson<{ cases: Case[] }>(readFileSync(vectors, "utf8"));

describe.each(cases)("$name, seen by a $viewer", ({ snapshot: old, changes, gathered, expected }) => {
  test("an old snapshot and the changes make the fresh snapshot", () => {
    expect(changes.reduce(fold, viewOf(old))).toEqual(viewOf(expected));
  });

  test("so does the one message the changes were gathered into", () => {
    expect(fold(viewOf(old), gathered)).toEqual(viewOf(expected));
  });
});

test("an event of an unknown type changes nothing but the version", () => {
  const view = viewOf(snapshot(4, []));
  const change = parseJson<Change<RoomEvent>>('{"after": 4, "version": 5, "events": [{"type": "confetti"}]}');
  expect(fold(view, change)).toEqual({ ...view, version: 5 });
});

test("a change that begins after the known version leaves a gap", () => {
  expect(leavesGap(4, { after: 5, version: 6, events: [] })).toBe(true);
  expect(leavesGap(5, { after: 5, version: 6, events: [] })).toBe(false);
});
