"""Signalling for a browser that listens to Janus's streaming plugin, over its HTTP API."""

import json
import re
from typing import Any

import httpx
from tests.e2e.browsers import Person

JOIN = """async (offer) => {
  const connection = new RTCPeerConnection();
  connection.addEventListener("track", ({ track }) => {
    const player = new Audio();
    player.srcObject = new MediaStream([track]);
    globalThis.player = player; // else it is swept up
    void player.play();
  });
  await connection.setRemoteDescription({ type: "offer", sdp: offer });
  await connection.setLocalDescription(await connection.createAnswer());
  return connection.localDescription.sdp;
}"""
POLLS = 5


class JanusSession:
    """One handle at the streaming plugin."""

    def __init__(self, url: str, mountpoint: int) -> None:
        self._http = httpx.Client(timeout=40)
        self._session = f"{url}/{self._post(url, janus='create')['data']['id']}"
        attached = self._post(self._session, janus="attach", plugin="janus.plugin.streaming")
        self._handle = f"{self._session}/{attached['data']['id']}"
        self._mountpoint = mountpoint

    def offer(self) -> str:
        """What Janus would send."""
        self._post(self._handle, janus="message", body={"request": "watch", "id": self._mountpoint})
        for _ in range(POLLS):
            event = self._http.get(self._session).raise_for_status().json()
            if "jsep" in event:
                return str(event["jsep"]["sdp"])
        raise RuntimeError("Janus made no offer")

    def answer(self, sdp: str) -> None:
        jsep = {"type": "answer", "sdp": sdp}
        self._post(self._handle, janus="message", body={"request": "start"}, jsep=jsep)
        self._post(self._handle, janus="trickle", candidate={"completed": True})

    def _post(self, url: str, **what: object) -> Any:
        answer = self._http.post(url, json={"transaction": "palabre", **what}).raise_for_status().json()
        if answer["janus"] == "error":
            raise RuntimeError(f"Janus answered {answer['error']}")
        return answer


def media_address(offer: str) -> tuple[str, int]:
    """Where Janus waits for this listener. It leaves out loopback."""
    found = re.search(
        r"^a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+) typ host", offer, re.MULTILINE | re.IGNORECASE
    )
    if found is None:
        raise RuntimeError(f"no candidate in {offer}")
    return found[1], int(found[2])


def listen(
    person: Person, session: JanusSession, offer: str, at: tuple[str, int], *, asks_again: bool
) -> None:
    """The browser answers, as if Janus were `at` that address. Janus hears of no candidate: it learns the way by the
    checks that come. With `asks_again` the offer names NACKs, which Janus's own does not for sound."""
    here = f"a=candidate:1 1 udp 2015363327 {at[0]} {at[1]} typ host\r\n"
    offered = re.sub(r"^a=candidate:.*\r\n", "", offer, flags=re.MULTILINE)
    offered = offered.replace("a=end-of-candidates\r\n", f"{here}a=end-of-candidates\r\n")
    if asks_again:
        offered = re.sub(
            r"^a=rtpmap:(\d+) opus/48000/2\r\n", r"\g<0>a=rtcp-fb:\1 nack\r\n", offered, flags=re.MULTILINE
        )
    answer = person.evaluate(f"({JOIN})({json.dumps(offered)})")
    session.answer("".join(line for line in answer.splitlines(True) if not line.startswith("a=candidate:")))
