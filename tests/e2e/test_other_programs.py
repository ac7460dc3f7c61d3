"""The same room from programs nobody here wrote: FFmpeg speaks through WHIP, aiortc listens through WHEP."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import speech
from tests.e2e.conftest import Voices
from tests.e2e.programs import aiortc_listener
from tests.e2e.server import Program, Server, sign_up

CLEAR = 0.9  # STOI


@pytest.fixture
def ann(server: Server) -> Program:
    return sign_up(server.url, "ann", "Ann")


@pytest.fixture
def bob(server: Server) -> Program:
    return sign_up(server.url, "bob", "Bob")


async def test_ffmpeg_speaks_and_aiortc_hears_it_clearly(
    ann: Program, bob: Program, voices: Voices, tmp_path: Path
) -> None:
    chat = ann.post(
        "/chats", {"kind": "channel", "title": "Talks", "handle": "talks", "visibility": "public"}
    )
    room = ann.post(f"/chats/{chat['id']}/rooms", {"title": "How bees vote"})
    bob.post(f"/chats/{chat['id']}/members")
    speaks, listens = ann.join(room["id"]), bob.join(room["id"])

    with ffmpeg_speaking(speaks, voices.ann_wav, tmp_path / "ffmpeg.log"):
        heard = await aiortc_listener.listen(listens["edge"]["whep"], listens["ticket"], seconds=10)

    assert speech.intelligibility(voices.ann, heard[2 * speech.RATE :]) >= CLEAR


@contextmanager
def ffmpeg_speaking(joined: dict[str, dict[str, str]], wav: Path, log: Path) -> Iterator[None]:
    arguments = [joined["edge"]["whip"], str(joined["ticket"]), str(wav), "40"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.programs.ffmpeg_speaker", *arguments],
            stdout=output,
            stderr=output,
        )
        try:
            yield
            assert process.poll() is None, f"FFmpeg stopped speaking:\n{log.read_text()[-2000:]}"
        finally:
            process.kill()
            process.wait(timeout=10)
