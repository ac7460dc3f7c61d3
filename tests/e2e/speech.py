"""Real recorded speech for fake microphones, and how well what arrived resembles it."""

import base64
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pystoi import stoi  # type: ignore[import-untyped]

from tests.e2e.alignment import Sound as Sound
from tests.e2e.alignment import aligned, lag_of

RATE = 48_000
SAMPLES = Path("/usr/share/sounds/alsa")
ANN = ("Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left")
CAROL = ("Side_Right", "Rear_Right", "Side_Left", "Rear_Left", "Front_Left")
PAUSE_S = 0.25
PIECE = 480  # samples of one piece of the probe's: 10 ms
PIECE_MS = PIECE * 1000 / RATE
NEAR = 50  # pieces
MAX_DELAY_MS = 600


@dataclass(frozen=True)
class Heard:
    """Mono sound in pieces of 10 ms, and when each piece came: the wall clock, in ms since the epoch."""

    sound: Sound
    came_ms: NDArray[np.float64]

    @classmethod
    def from_probe(cls, answer: dict[str, Any]) -> "Heard":
        pcm = np.frombuffer(base64.b64decode(answer["pcm"]), dtype="<i2")
        return cls(pcm.astype(np.float64) / 32768, np.asarray(answer["cameMs"], dtype=np.float64))

    def last(self, seconds: float) -> "Heard":
        pieces = round(seconds * RATE / PIECE)
        return Heard(self.sound[-pieces * PIECE :], self.came_ms[-pieces:])

    def wall_ms(self, sample: int) -> float:
        """When a sample came. Audio threads may be late, never early: the earliest piece nearby counts."""
        piece = min(sample // PIECE, len(self.came_ms) - 1)
        near = range(max(0, piece - NEAR), min(len(self.came_ms), piece + NEAR))
        return float(min(self.came_ms[n] - n * PIECE_MS for n in near)) + sample * 1000 / RATE

    def index_at(self, wall_ms: float) -> int:
        """The first piece's sample that came at that time or later."""
        return int(np.searchsorted(self.came_ms, wall_ms)) * PIECE


def script(names: tuple[str, ...]) -> Sound:
    """The named voice samples of Debian's alsa-utils, one after the other with short pauses."""
    pause = np.zeros(round(PAUSE_S * RATE))
    return np.concatenate([part for name in names for part in (read_wav(SAMPLES / f"{name}.wav"), pause)])


def read_wav(path: Path) -> Sound:
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getsampwidth()) != (RATE, 2):
            raise ValueError(f"{path} is not 16-bit 48 kHz")
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return np.asarray(frames.reshape(-1, file.getnchannels()).mean(axis=1) / 32768, dtype=np.float64)


def write_wav(path: Path, sound: Sound) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm16(sound))
    return path


def pcm16(sound: Sound) -> bytes:
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def loudness(sound: Sound) -> float:
    """Root mean square; 0 for no sound at all."""
    return float(np.sqrt(np.mean(sound**2))) if len(sound) else 0.0


def intelligibility(original: Sound, heard: Sound) -> float:
    """STOI (0 to 1) of what was heard against the original, which a fake microphone plays in a loop."""
    turns = 3 + len(heard) // len(original)
    return float(stoi(*aligned(np.tile(original, turns), heard, RATE), RATE))


def intelligibility_of(sent: Heard, received: Heard) -> float:
    """STOI (0 to 1) of what was received against what the speaker's browser took from its microphone meanwhile.

    On a starved machine Chromium's fake microphone loses up to a second of the file in ten, before anything of ours
    has it: that is not to be held against the way from one browser to the other.
    """
    around = np.pad(sent.sound, len(received.sound))
    return float(stoi(*aligned(around, received.sound, RATE), RATE))


def one_way_delay_ms(sent: Heard, received: Heard) -> float:
    """How much later the same sound is in `received`, by the wall clock of one machine: the middle of its seconds."""
    ends = range(RATE, len(received.sound) + 1, RATE)
    return float(np.median([delay_ms(sent, received, end - RATE, end) for end in ends]))


def delay_ms(sent: Heard, received: Heard, begin: int, end: int) -> float:
    """The delay of some samples of `received`, at most MAX_DELAY_MS."""
    at_ms = received.wall_ms(begin)
    low, high = (sent.index_at(at_ms + more_ms) for more_ms in (-MAX_DELAY_MS, 0))
    found = low + lag_of(received.sound[begin:end], sent.sound[low : high + end - begin])
    return at_ms - sent.wall_ms(found)
