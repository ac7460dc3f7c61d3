"""What is recorded arrives in the Saved Messages of whoever started it, whatever happens to the server."""

import subprocess
from pathlib import Path
from typing import Any

from tests.e2e import speech
from tests.e2e.browsers import eventually
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.hearing import CLEAR
from tests.e2e.people import Member
from tests.e2e.server import Program, Server


def test_a_recording_arrives_as_a_voice_message_with_the_voices_of_all_who_spoke(
    arrive: Arrival, voices: Voices, tmp_path: Path
) -> None:
    ann = arrive("Ann", microphone=voices.ann_wav)
    bob = arrive("Bob", microphone=voices.carol_wav)
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote")
    bob.subscribe(chat)
    bob.join_voice_chat()
    bob.person.click("raise-hand")
    ann.allow(bob)
    ann.open_microphone()
    start_recording(ann, "Bees")
    bob.person.wait_for("recording-mark")
    bob.person.listen(12)
    ann.close_microphone()
    bob.open_microphone()
    ann.person.listen(12)
    ann.person.click("room-menu")
    ann.person.click("record-stop")

    message = delivered(ann.program())
    sound = decoded(ann.program().audio(message["voice"]["url"]), tmp_path)
    seconds = len(sound) / speech.RATE
    assert message["voice"]["title"] == "Bees"
    assert title_in(tmp_path / "recording.ogg") == "Bees"
    assert len(message["voice"]["waveform"]) == 100
    assert abs(message["voice"]["duration_ms"] - seconds * 1000) < 100
    assert 24 <= seconds <= 40
    assert speech.intelligibility(voices.ann, sound[speech.RATE :][: 10 * speech.RATE]) >= CLEAR
    assert speech.intelligibility(voices.carol, sound[-11 * speech.RATE :][: 10 * speech.RATE]) >= CLEAR


def test_a_server_killed_while_recording_delivers_it_and_the_voice_chat_goes_on(
    arrive: Arrival, voices: Voices, server: Server, tmp_path: Path
) -> None:
    ann = arrive("Ann", microphone=voices.ann_wav)
    bob = arrive("Bob")
    chat = ann.create_channel("Evening talks", "evening")
    ann.start_voice_chat("How bees vote")
    bob.subscribe(chat)
    bob.join_voice_chat()
    ann.open_microphone()
    start_recording(ann, "Bees")
    bob.person.wait_for("recording-mark")
    bob.person.listen(8)

    server.kill()
    bob.person.wait_until_gone("status-line", status="connected")
    server.start()

    message = delivered(ann.program())
    sound = decoded(ann.program().audio(message["voice"]["url"]), tmp_path)
    assert len(sound) / speech.RATE >= 7
    assert speech.intelligibility(voices.ann, sound[speech.RATE :][: 6 * speech.RATE]) >= CLEAR
    for member in (ann, bob):
        member.person.wait_for("status-line", status="connected", timeout_s=40)
    bob.person.listen(2)
    assert speech.intelligibility(voices.ann, bob.person.listen(8).sound) >= CLEAR
    assert bob.person.attributes("mic-button", "data-state") == ["muted_by_manager"]


def start_recording(manager: Member, title: str) -> None:
    manager.person.click("room-menu")
    manager.person.click("record-start")
    manager.person.fill("record-title", title)
    manager.person.click("record-confirm")


def delivered(program: Program) -> dict[str, Any]:
    eventually(
        lambda: bool(program.saved_voice_messages()), within_s=20, what="the recording to be delivered"
    )
    return program.saved_voice_messages()[0]


def decoded(ogg: bytes, folder: Path) -> speech.Sound:
    """What ffmpeg, which nobody here wrote, makes of the file."""
    ogg_file, wav = folder / "recording.ogg", folder / "recording.wav"
    ogg_file.write_bytes(ogg)
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(ogg_file), "-ar", str(speech.RATE), str(wav)]
    subprocess.run(command, check=True, timeout=30)
    return speech.read_wav(wav)


def title_in(ogg_file: Path) -> str:
    """The TITLE tag as ffprobe reads it: a stream's tag, because each stream of an Ogg file has its own."""
    shown = ["-show_entries", "stream_tags=title", "-of", "default=noprint_wrappers=1:nokey=1"]
    command = ["ffprobe", "-v", "error", *shown, str(ogg_file)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout.strip()
