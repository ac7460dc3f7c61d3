"""The measure measured: two browsers connected directly, with nothing of Palabre between them."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import speech
from tests.e2e.browsers import Driver, Kind, Person
from tests.e2e.hearing import assert_clear_and_soon

PAGE = b"<!doctype html><title>plain</title><audio autoplay></audio>"

OFFER = """(async () => {
  const pc = (globalThis.pc = new RTCPeerConnection());
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  pc.addTrack(stream.getAudioTracks()[0], stream);
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 50));
  return pc.localDescription.sdp;
})()"""

ANSWER = """(async (sdp) => {
  const pc = (globalThis.pc = new RTCPeerConnection());
  pc.ontrack = ({ streams }) => { document.querySelector("audio").srcObject = streams[0]; };
  await pc.setRemoteDescription({ type: "offer", sdp });
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== "complete") await new Promise((done) => setTimeout(done, 50));
  return pc.localDescription.sdp;
})"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Nobody reads this server's log."""


@pytest.fixture
def page_url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize(("speaker", "listener"), [("chromium", "firefox"), ("firefox", "chromium")])
def test_speech_between_two_plain_browsers_is_measured_as_clear_and_quick(
    driver: Driver, page_url: str, tmp_path: Path, speaker: Kind, listener: Kind
) -> None:
    said = speech.script(speech.ANN)
    microphone = speech.write_wav(tmp_path / "microphone.wav", said)
    ann = Person(
        driver, "ann", kind=speaker, microphone=microphone, speech=said if speaker == "firefox" else None
    )
    bob = Person(driver, "bob", kind=listener)
    ann.goto(page_url)
    bob.goto(page_url)
    offer = ann.evaluate(OFFER)
    answer = bob.evaluate(f"{ANSWER}({offer!r})")
    ann.evaluate(f"pc.setRemoteDescription({{type: 'answer', sdp: {answer!r}}})")

    assert_clear_and_soon(ann, [bob])
