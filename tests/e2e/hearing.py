"""Whether listeners understand a voice, and how soon they hear it."""

from collections.abc import Sequence

from tests.e2e import speech
from tests.e2e.browsers import FRAME_S, Person, listen_together

CLEAR = 0.9
"""STOI."""
QUICK_MS = 150
REST_S = 0.05
"""Of a voice's way, beside its packet and the jitter buffer: to take it up, to bring it, to play it."""
TRIES = 3
"""A small machine may stumble, and Firefox then plays nothing for a moment; but not each time."""


def assert_clear_and_soon(
    speaker: Person, listeners: Sequence[Person], packet_s: float = FRAME_S, soon_ms: float = QUICK_MS
) -> None:
    """Each of them hears ten seconds clearly, and soon, once the jitter buffers have found their size."""
    listen_together(listeners, 2)  # a browser may stumble while it begins to play
    for listener in listeners:
        listener.settle(calm_s(packet_s, soon_ms))
    heard: dict[str, list[tuple[float, float]]] = {listener.name: [] for listener in listeners}
    waiting = list(listeners)
    for _ in range(TRIES):
        for listener, found in zip(waiting, _scores_and_delays(speaker, waiting), strict=True):
            heard[listener.name].append(found)
        waiting = [listener for listener in waiting if not _good(*heard[listener.name][-1], soon_ms)]
        if not waiting:
            break
    assert not waiting, f"want {CLEAR} within {soon_ms} ms; STOI and delays in ms: {heard}"


def calm_s(packet_s: float, soon_ms: float) -> float:
    """What a jitter buffer may want where a voice has to be heard so soon."""
    return soon_ms / 1000 - packet_s - REST_S


def _scores_and_delays(speaker: Person, listeners: Sequence[Person]) -> list[tuple[float, float]]:
    speaker.forget("sent")
    listen_together(listeners, 2)
    heard = listen_together(listeners, 10)
    sent = speaker.take("sent")
    return [(speech.intelligibility_of(sent, one), speech.one_way_delay_ms(sent, one)) for one in heard]


def _good(score: float, delay_ms: float, soon_ms: float) -> bool:
    return score >= CLEAR and 0 < delay_ms <= soon_ms
