"""What was heard, laid beside what was said.

STOI compares two sounds moment by moment, so they have to be aligned first. One shift for a whole capture will not do:
a listener's jitter buffer changes its delay while it plays, most of all on a busy machine, where a stalled sound card
leaves packets waiting that are then played faster. Each part is therefore found by itself, as in ITU-T P.862 §10.1.
What was said between two parts that were found, and is in neither, counts as not heard.
"""

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

STEP_S = 0.25
WINDOW_S = 0.5  # a step is found by the half second around it
DRIFT_S = 0.4  # a step may be this much away from where the whole fits best
QUIET = 0.02  # root mean square: too little to be found by, so that it stays where the step before it was


def aligned(said: Sound, heard: Sound, rate: int) -> tuple[Sound, Sound]:
    """Both, in equal length. `said` begins DRIFT_S or more before what was heard of it, and ends so long after."""
    step, drift = round(STEP_S * rate), round(DRIFT_S * rate)
    said = said[lag_of(heard, said[drift:-drift]) :]
    pairs: list[tuple[Sound, Sound]] = []
    before = None
    for begin in range(0, len(heard) - step + 1, step):
        shift = shift_at(begin, said, heard, rate, drift if before is None else before)
        if before is not None and shift > before:
            skipped = said[begin + before : begin + shift]
            pairs.append((skipped, np.zeros(len(skipped))))
        pairs.append((said[begin + shift : begin + shift + step], heard[begin : begin + step]))
        before = shift
    return np.concatenate([said for said, _ in pairs]), np.concatenate([got for _, got in pairs])


def shift_at(begin: int, said: Sound, heard: Sound, rate: int, before: int) -> int:
    """How much later in `said` the step of `heard` at `begin` is: 0 to twice the drift."""
    step, window, drift = (round(seconds * rate) for seconds in (STEP_S, WINDOW_S, DRIFT_S))
    start = max(0, min(len(heard) - window, begin + (step - window) // 2))
    around = heard[start : start + window]
    if np.sqrt(np.mean(around**2)) < QUIET:
        return before
    return lag_of(around, said[start : start + window + 2 * drift])


def lag_of(needle: Sound, haystack: Sound) -> int:
    """The shift, in samples, at which `needle` fits best into `haystack` (normalised cross-correlation)."""
    size = 1 << (len(needle) + len(haystack)).bit_length()
    spectrum = np.fft.rfft(haystack, size) * np.conj(np.fft.rfft(needle, size))
    correlation = np.fft.irfft(spectrum, size)[: len(haystack) - len(needle) + 1]
    energy = np.cumsum(np.concatenate([[0.0], haystack**2]))
    window = energy[len(needle) :] - energy[: len(energy) - len(needle)]
    return int(np.argmax(correlation / np.sqrt(np.maximum(window, 1e-6))))
