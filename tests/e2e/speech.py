"""Real recorded speech for fake microphones, and how well what arrived resembles it."""

import base64
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pystoi import stoi  # type: ignore[import-untyped]

RATE = 48_000
SAMPLES = Path("/usr/share/sounds/alsa")
ANN = ("Front_Center", "Front_Left", "Front_Right", "Rear_Center", "Rear_Left")
CAROL = ("Side_Right", "Rear_Right", "Side_Left", "Rear_Left", "Front_Left")
PAUSE_S = 0.25
PIECE_S = 2.0  # a jitter buffer stretches time a little: each piece is aligned by itself
DRIFT_S = 0.12

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """Mono sound and the wall clock (ms since the epoch) of its first sample."""

    sound: Sound
    starts_at_ms: float

    @classmethod
    def from_probe(cls, answer: dict[str, object]) -> "Heard":
        pcm = np.frombuffer(base64.b64decode(str(answer["pcm"])), dtype="<i2")
        return cls(pcm.astype(np.float64) / 32768, float(str(answer["startsAtMs"])))

    @property
    def duration_s(self) -> float:
        return len(self.sound) / RATE

    def last(self, seconds: float) -> "Heard":
        cut = max(0, len(self.sound) - round(seconds * RATE))
        return Heard(self.sound[cut:], self.starts_at_ms + cut * 1000 / RATE)


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
    loop = np.tile(original, 2 + len(heard) // len(original))
    start = lag_of(heard, loop)
    said, got = aligned(loop[start:], heard)
    return float(stoi(said, got, RATE))


def aligned(said: Sound, heard: Sound) -> tuple[Sound, Sound]:
    """Both sounds in pieces, each piece of the original shifted to where it fits best, within DRIFT_S."""
    piece, drift = round(PIECE_S * RATE), round(DRIFT_S * RATE)
    pairs: list[tuple[Sound, Sound]] = []
    for begin in range(0, len(heard) - piece + 1, piece):
        low = max(0, begin - drift)
        window = said[low : begin + piece + drift]
        got = heard[begin : begin + piece]
        if len(window) < piece:
            break
        shift = lag_of(got, window)
        pairs.append((window[shift : shift + piece], got))
    return np.concatenate([said for said, _ in pairs]), np.concatenate([got for _, got in pairs])


def one_way_delay_ms(sent: Heard, received: Heard) -> float:
    """How much later the same sound is in `received`, both by the wall clock of one machine."""
    begin_ms = max(sent.starts_at_ms, received.starts_at_ms)
    end_ms = min(h.starts_at_ms + h.duration_s * 1000 for h in (sent, received))
    said = between(sent, begin_ms, end_ms - 1000)
    got = between(received, begin_ms, end_ms)
    return lag_of(said, got) * 1000 / RATE


def between(heard: Heard, begin_ms: float, end_ms: float) -> Sound:
    begin, end = (round((at - heard.starts_at_ms) * RATE / 1000) for at in (begin_ms, end_ms))
    return heard.sound[max(0, begin) : end]


def lag_of(needle: Sound, haystack: Sound) -> int:
    """The shift, in samples, at which `needle` fits best into `haystack` (normalised cross-correlation)."""
    size = 1 << (len(needle) + len(haystack)).bit_length()
    spectrum = np.fft.rfft(haystack, size) * np.conj(np.fft.rfft(needle, size))
    correlation = np.fft.irfft(spectrum, size)[: len(haystack) - len(needle) + 1]
    energy = np.cumsum(np.concatenate([[0.0], haystack**2]))
    window = energy[len(needle) :] - energy[: len(energy) - len(needle)]
    return int(np.argmax(correlation / np.sqrt(np.maximum(window, 1e-6))))
