"""Token buckets, in virtual time."""

import pytest

from palabre.api import rates
from palabre.api.problems import TooManyRequests
from palabre.api.rates import AddressRate, Rate, network_of


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


def test_all_ipv6_addresses_of_one_network_share_a_limit() -> None:
    rate = AddressRate({"x_per_s": 1}, per_s=1, burst=1)
    assert _granted(rate, "2001:db8:1:2::1", 0.0, 1) == 1
    assert _granted(rate, "2001:db8:1:2:ffff::9", 0.0, 1) == 0
    assert _granted(rate, "2001:db8:1:3::1", 0.0, 1) == 1


def test_each_ipv4_address_has_a_limit_of_its_own_however_it_is_written() -> None:
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("192.0.2.2") != network_of("192.0.2.1")


def test_what_is_no_address_counts_as_itself() -> None:
    assert network_of("unknown") == "unknown"
