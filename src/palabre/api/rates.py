"""Rate limits: token buckets in memory, one per address or account."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from palabre.api.problems import TooManyRequests

MAX_KEYS = 50_000
"""Buckets kept; the one used longest ago goes first. It was full again by then, or one of a flood of keys."""


_HOST_BITS = 64
"""Of an IPv6 address: whoever has one address of a network may have all of them (RFC 7934, section 6)."""


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """What all addresses of one network count as; the text itself when it is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        known = found.ipv4_mapped or IPv6Address(int(found) >> _HOST_BITS << _HOST_BITS)
        return str(known)
    return address


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Rate:
    """`burst` requests at once, then `per_s` a second, for each key. `limit` is how a refusal names it."""

    def __init__(self, limit: dict[str, int], *, per_s: float, burst: int) -> None:
        self._limit = limit
        self._per_s = per_s
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> None:
        """One token of `key` at `now` (monotonic seconds). Raises TooManyRequests with the wait."""
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._per_s)
        bucket.at = now
        if bucket.tokens < 1:
            wait_s = math.ceil(round((1 - bucket.tokens) / self._per_s, 3))
            raise TooManyRequests(self._limit, wait_s)
        bucket.tokens -= 1


class AddressRate(Rate):
    """The same, with addresses for keys."""

    def take(self, key: str, now: float) -> None:
        super().take(network_of(key), now)
