"""`palabre doctor --capacity` on the real engine."""

import pytest

from palabre._engine import measure_send


def test_sending_a_packet_takes_some_cpu() -> None:
    assert 0.2 < measure_send(100, 0.1) < 1000


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        measure_send(100, -1.0)
