"""The same room from programs nobody here wrote: FFmpeg speaks through WHIP, aiortc listens through WHEP."""

from pathlib import Path

import pytest

from tests.e2e import speech
from tests.e2e.conftest import Voices
from tests.e2e.hearing import CLEAR
from tests.e2e.programs import aiortc_listener
from tests.e2e.programs.ffmpeg import ffmpeg_speaking
from tests.e2e.server import Program, Server, sign_up


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

    with ffmpeg_speaking(speaks["edge"]["whip"], speaks["ticket"], voices.ann_wav, tmp_path):
        heard = await aiortc_listener.listen(listens["edge"]["whep"], listens["ticket"], seconds=12)

    assert speech.intelligibility(voices.ann, heard[2 * speech.RATE :]) >= CLEAR
