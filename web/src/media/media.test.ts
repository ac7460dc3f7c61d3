import { expect, test } from "vitest";
import { troubleOf } from "./microphone";
import { Voices } from "./voices";

test("a voice is heard while its packets come, and a little longer", () => {
  const voices = new Voices();
  expect(voices.poll([{ source: 7, timestamp: 100 }], 0)).toEqual([7]);
  expect(voices.poll([{ source: 7, timestamp: 120 }], 200)).toEqual([7]);
  expect(voices.poll([{ source: 7, timestamp: 120 }], 440)).toEqual([7]);
  expect(voices.poll([{ source: 7, timestamp: 120 }], 460)).toEqual([]);
});

test("voices of several slots are told together, in a fixed order", () => {
  const both = [
    { source: 9, timestamp: 1 },
    { source: 2, timestamp: 1 },
  ];
  expect(new Voices().poll(both, 0)).toEqual([2, 9]);
});

test.each([
  ["NotAllowedError", "refused"],
  ["NotFoundError", "missing"],
  ["NotReadableError", "in_use"],
  ["SomethingNew", "unsupported"],
])("%s means that the microphone is %s", (name, trouble) => {
  expect(troubleOf(name)).toBe(trouble);
});
