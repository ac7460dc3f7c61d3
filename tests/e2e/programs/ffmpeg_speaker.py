"""Speak a WAV file through FFmpeg's own WHIP muxer: arguments WHIP TICKET WAV SECONDS.

A process of its own, because the muxer holds the interpreter while it connects.
"""

import itertools
import sys
import time
from pathlib import Path

import av
import numpy as np

from tests.e2e.speech import RATE, pcm16, read_wav

FRAME = 960  # 20 ms: one Opus frame


def speak(whip: str, ticket: str, wav: str, seconds: float) -> None:
    samples = np.frombuffer(pcm16(read_wav(Path(wav))), dtype="<i2")
    with av.open(whip, "w", format="whip", options={"authorization": ticket}) as output:
        stream = output.add_stream("libopus", rate=RATE, layout="stereo")
        began = time.monotonic()
        for index, begin in enumerate(itertools.cycle(range(0, len(samples) - FRAME, FRAME))):
            if index * FRAME >= seconds * RATE:
                break
            output.mux(stream.encode(frame(samples[begin : begin + FRAME], index)))
            wait_until(began + (index + 1) * FRAME / RATE)


def frame(mono: "np.ndarray[tuple[int], np.dtype[np.int16]]", index: int) -> av.AudioFrame:
    stereo = np.repeat(mono, 2).reshape(1, -1)
    made = av.AudioFrame.from_ndarray(stereo, format="s16", layout="stereo")
    made.sample_rate, made.pts = RATE, index * FRAME
    return made


def wait_until(moment: float) -> None:
    """A microphone gives 20 ms of sound every 20 ms, not sooner."""
    time.sleep(max(0.0, moment - time.monotonic()))


if __name__ == "__main__":
    whip, ticket, wav, seconds = sys.argv[1:]
    speak(whip, ticket, wav, float(seconds))
