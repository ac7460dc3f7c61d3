import { expect, test } from "vitest";
import { Patience, waitsMs } from "./patience";

/** Polls every two seconds for so long, with ten packets a second of which so many are missed. */
function after(seconds: number, missedPerPoll: (poll: number) => number): boolean[] {
  const patience = new Patience();
  let missed = 0;
  return Array.from({ length: seconds / 2 }, (_, poll) => {
    missed += missedPerPoll(poll);
    return patience.poll({ packets: 20 * poll, missed }, 2_000 * poll);
  });
}

test("a line that misses one packet in twenty waits", () => {
  expect(after(60, () => 1).slice(2)).not.toContain(false);
});

test("a line that misses a packet a minute does not", () => {
  expect(after(600, (poll) => (poll % 30 === 0 ? 1 : 0))).not.toContain(true);
});

test("a line waits for a minute after it missed too much, and no longer", () => {
  const waits = after(120, (poll) => (poll === 5 ? 4 : 0));
  // The ten seconds in which the loss is seen, then the minute.
  const [first, last] = [waits.indexOf(true), waits.lastIndexOf(true)];
  expect([first, last]).toEqual([5, 38]);
  expect(waits.slice(first, last + 1)).not.toContain(false);
});

test("what was sent again is no loss of the past, and silence is none", () => {
  const patience = new Patience();
  const tallies = [3, 3, 2, 2, 2].map((missed, poll) => patience.poll({ packets: 500, missed }, 2_000 * poll));
  expect(tallies).not.toContain(true);
});

test("when the mix misses too much, what the sound is moved to waits as well", () => {
  expect(waitsMs([false, false, false, false], false)).toEqual([null, null, null, null]);
  expect(waitsMs([false, false, false, true], false)).toEqual([250, 250, 250, 300]);
  expect(waitsMs([true, false, false, false], true)).toEqual([150, 150, 150, 300]);
});
