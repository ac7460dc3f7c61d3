import { expect, test } from "vitest";
import { askForResilientOpus, offerNacks, restartedAnswer, restartFragment } from "./sdp";

const lines = (...all: string[]) => all.join("\r\n") + "\r\n";

const ANSWER = lines(
  "v=0",
  "a=group:BUNDLE 0 1",
  "a=ice-lite",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=ice-ufrag:old",
  "a=ice-pwd:oldpassword",
  "a=candidate:1 1 udp 1 192.0.2.1 8082 typ host",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
);

test("a talker is asked for forward error correction and for silence in pauses", () => {
  expect(askForResilientOpus(ANSWER)).toContain("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1");
  const bare = ANSWER.replace(/a=fmtp.*\r\n/, "");
  expect(askForResilientOpus(bare)).toContain("a=fmtp:111 useinbandfec=1;usedtx=1");
});

test("an answer that refuses discontinuous transmission is respected", () => {
  const refusing = ANSWER.replace("useinbandfec=1", "useinbandfec=1;usedtx=0");
  expect(askForResilientOpus(refusing)).toBe(refusing);
});

test("an answer without Opus is left as it is", () => {
  expect(askForResilientOpus("v=0\r\n")).toBe("v=0\r\n");
});

test("each section offers to ask for lost packets again, unless the browser does so itself", () => {
  const section = ["m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2"];
  const asking = [...section.slice(0, 2), "a=rtcp-fb:111 nack", ...section.slice(2)];
  expect(offerNacks(lines(...section, ...section))).toBe(lines(...asking, ...asking));
  expect(offerNacks(lines(...asking))).toBe(lines(...asking));
});

test("the fragment for a restart carries the new credentials of the bundled transport", () => {
  const offer = ANSWER.replace("a=ice-lite\r\n", "").replaceAll("old", "new");
  expect(restartFragment(offer)).toBe(
    lines(
      "a=group:BUNDLE 0 1",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      "a=ice-ufrag:new",
      "a=ice-pwd:newpassword",
      "a=candidate:1 1 udp 1 192.0.2.1 8082 typ host",
    ),
  );
});

test("the answer after a restart has the server's new credentials and candidates", () => {
  const fragment = lines(
    "a=ice-ufrag:fresh",
    "a=ice-pwd:freshpassword",
    "a=candidate:2 1 udp 1 192.0.2.2 8082 typ host",
  );
  const answer = restartedAnswer(ANSWER, fragment);
  expect(answer).toContain("a=ice-ufrag:fresh\r\na=ice-pwd:freshpassword\r\na=candidate:2");
  expect(answer).not.toContain("a=candidate:1");
  expect(answer).toContain("a=fmtp:111");
});

test("a server that keeps its credentials keeps its answer", () => {
  expect(restartedAnswer(ANSWER, "")).toBe(ANSWER);
});
