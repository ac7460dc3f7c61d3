"""Token buckets, in virtual time."""

import pytest

from palabre.api import rates
from palabre.api.problems import TooManyRequests
from palabre.api.rates import Rate


def _granted(rate: Rate, key: str, now: float, wishes: int) -> int:
    granted = 0
    for _ in range(wishes):
        try:
            rate.take(key, now)
        except TooManyRequests:
            return granted
        granted += 1
    return granted


def test_a_burst_is_granted_and_then_the_rate() -> None:
    rate = Rate({"x_per_s": 2}, per_s=2, burst=5)
    assert _granted(rate, "a", 0.0, 10) == 5
    assert _granted(rate, "a", 1.0, 10) == 2
    assert _granted(rate, "a", 100.0, 10) == 5


def test_one_keys_flood_is_not_anothers() -> None:
    rate = Rate({"x_per_s": 1}, per_s=1, burst=1)
    assert _granted(rate, "a", 0.0, 3) == 1
    assert _granted(rate, "b", 0.0, 3) == 1


def test_a_refusal_names_the_limit_and_the_whole_seconds_to_wait() -> None:
    rate = Rate({"sign_ins_per_minute": 10}, per_s=10 / 60, burst=1)
    rate.take("a", 0.0)
    with pytest.raises(TooManyRequests) as refusal:
        rate.take("a", 1.0)
    assert refusal.value.limit == {"sign_ins_per_minute": 10}
    assert refusal.value.retry_after_s == 5


def test_a_flood_of_keys_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MAX_KEYS", 3)
    rate = Rate({"x_per_s": 1}, per_s=1, burst=1)
    for key in "abcd":
        rate.take(key, 0.0)
    assert len(rate._buckets) == 3
    assert _granted(rate, "d", 0.0, 1) == 0
