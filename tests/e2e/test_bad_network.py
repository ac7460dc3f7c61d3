"""A listener whose network loses sound understands what is said all the same: what is lost is asked for again."""

from tests.e2e import speech
from tests.e2e.conftest import Arrival, Voices
from tests.e2e.network import Network
from tests.e2e.people import talk
from tests.e2e.weather import Weather

STORM = Weather(loss=0.1, seed=1, delay_s=0.02)
UNDERSTOOD = 0.935
"""STOI. Where nothing was sent again Chromium had 0.92 at most in ten runs, here 0.95 at least."""


def test_a_voice_is_understood_in_chromium_where_one_packet_in_ten_is_lost(
    arrive: Arrival, voices: Voices, network: Network
) -> None:
    ann, bob = arrive("Ann", microphone=voices.ann_wav), arrive("Bob")
    talk(ann, bob)

    network.change_weather(STORM)
    ann.person.forget("sent")
    bob.person.listen(6)  # the jitter buffer learns how long it takes until what was lost comes again
    heard = bob.person.listen(10)

    assert network.lost() > 0.05
    assert speech.intelligibility_of(ann.person.take("sent"), heard) >= UNDERSTOOD
