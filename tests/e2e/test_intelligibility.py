"""The measure is right: clear whatever the delay does, not clear when words are missing, however long or short."""

import numpy as np
import pytest

from tests.e2e import speech
from tests.e2e.hearing import CLEAR
from tests.e2e.speech import RATE, Heard, Sound

SAID = speech.script(speech.ANN)
OTHER = speech.script(speech.CAROL)


def heard_of(voice: Sound, *, seconds: float = 10) -> Sound:
    """A loop of it that begins somewhere."""
    return np.tile(voice, 3)[round(0.7 * RATE) :][: round(seconds * RATE)]


def hurried(sound: Sound, at_s: float, gain_s: float) -> Sound:
    """Slices of 10 ms left out within the second from `at_s`, as a jitter buffer does to catch up."""
    slices = round(gain_s * 100)
    left_out = [round((at_s + n / slices) * RATE) + np.arange(RATE // 100) for n in range(slices)]
    return np.delete(sound, np.concatenate(left_out))


def silenced(sound: Sound, share: float, length_s: float) -> Sound:
    """That share of the pieces of that length is silence; which, is drawn from a fixed seed."""
    piece = round(length_s * RATE)
    keep = (
        np.random.default_rng(7).permutation(np.linspace(0, 1, len(sound) // piece, endpoint=False)) >= share
    )
    return sound * np.repeat(keep, piece)


def without(sound: Sound, *at_s: float) -> Sound:
    """Without the 0.3 s from each of those moments: the word is gone, and what follows comes at once."""
    return np.delete(sound, np.concatenate([round(at * RATE) + np.arange(round(0.3 * RATE)) for at in at_s]))


def measured(heard: Sound) -> float:
    return speech.intelligibility(SAID, heard)


def test_a_delay_that_changes_while_somebody_listens_takes_nothing_from_clarity() -> None:
    calm = heard_of(SAID)
    stalled = np.insert(calm, 4 * RATE, np.zeros(RATE // 5))
    assert measured(calm) > 0.99
    assert measured(hurried(calm, 5, 0.16)) > 0.96
    assert measured(hurried(stalled, 6, 0.2)) > CLEAR


@pytest.mark.parametrize("length_s", [0.02, 0.2, 0.5])
def test_a_fifth_of_the_sound_missing_is_not_clear(length_s: float) -> None:
    assert measured(silenced(heard_of(SAID), 0.2, length_s)) < CLEAR


def test_words_that_are_cut_out_are_missed_even_though_all_the_rest_is_perfect() -> None:
    assert measured(without(heard_of(SAID), 2, 5, 8)) < 0.8


def test_what_the_microphone_itself_lost_is_not_held_against_the_way() -> None:
    gave = np.delete(heard_of(SAID, seconds=13), np.arange(6 * RATE, 7 * RATE))
    sent, heard = Heard(gave, np.arange(1_200) * 10.0), Heard(gave[RATE:-RATE], np.arange(1_000) * 10.0)
    assert measured(heard.sound) < CLEAR
    assert speech.intelligibility_of(sent, heard) > 0.99
    assert speech.intelligibility_of(sent, Heard(silenced(heard.sound, 0.3, 0.02), heard.came_ms)) < CLEAR


def test_another_voice_and_noise_are_far_from_clear() -> None:
    assert measured(heard_of(OTHER)) < 0.6
    assert measured(np.random.default_rng(7).normal(0, 0.1, 10 * RATE)) < 0.6


def test_the_delay_is_the_same_before_and_after_an_audio_thread_stood_still() -> None:
    sound = heard_of(SAID, seconds=12)
    wall_ms = np.arange(1_200) * 10.0 + 1_000
    # The page lost 0.3 s of its own microphone.
    stood_still = wall_ms + np.where(np.arange(1_200) < 800, 0, 300)
    heard = Heard(sound, wall_ms + 80)
    assert speech.one_way_delay_ms(Heard(sound, wall_ms), heard) == pytest.approx(80)
    sent = Heard(np.delete(sound, np.arange(8 * RATE, round(8.3 * RATE))), stood_still[:1_170])
    assert speech.one_way_delay_ms(sent, heard.last(10)) == pytest.approx(80, abs=1)
