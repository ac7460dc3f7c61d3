"""What the server holds at a moment, by its own metrics, and what of it should not be there."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import httpx

MORE_MEMORY = 1.05
"""Memory may be so many times what it was: an allocator keeps holes."""


@dataclass(frozen=True)
class Sample:
    """`GET /metrics` at a moment."""

    counters: dict[str, float]

    @property
    def memory_mb(self) -> float:
        return self.counters["process_resident_memory_bytes"] / 1e6

    @property
    def descriptors(self) -> int:
        return int(self.counters["process_open_fds"])

    @property
    def threads(self) -> int:
        return int(self.counters["process_threads"])

    @property
    def tasks(self) -> int:
        """Of asyncio."""
        return int(self.counters["palabre_tasks"])

    @property
    def sessions(self) -> int:
        return int(self.counters["palabre_media_sessions"])

    @property
    def streams(self) -> int:
        return int(self.counters["palabre_event_streams"])

    @property
    def participants(self) -> int:
        return int(self.counters["palabre_participants"])

    @property
    def is_quiet(self) -> bool:
        """Only the one who speaks is there."""
        return (self.sessions, self.streams, self.participants) == (1, 0, 1)


def take(http: httpx.Client, url: str) -> Sample:
    """Asks the server at `url`."""
    answer = http.get(f"{url}/metrics").raise_for_status()
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines())
    return Sample({name: float(value) for name, value in lines})


def complaints(before: Sample, during: Sequence[Sample], after: Sample) -> list[str]:
    """What did not come back, in words; `before` and `after` are of times when nobody was there."""
    found = [] if after.is_quiet else [f"it still holds {_held(after)}"]
    for what, was, now in (
        ("file descriptors", before.descriptors, after.descriptors),
        ("threads", before.threads, after.threads),
        ("asyncio tasks", before.tasks, after.tasks),
    ):
        if now > was:
            found.append(f"{was} {what} before, {now} after")
    if after.memory_mb > _most(before.memory_mb):
        found.append(f"{before.memory_mb:.1f} MB before, {after.memory_mb:.1f} MB after")
    return found + _growth(during)


def _growth(during: Sequence[Sample]) -> list[str]:
    """Memory in the last fifth of the time against the second: in the first they are still coming."""
    fifth = len(during) // 5
    if fifth == 0:
        return []
    early, late = (mean(s.memory_mb for s in part) for part in (during[fifth : 2 * fifth], during[-fifth:]))
    return [f"{early:.1f} MB early on, {late:.1f} MB late"] if late > _most(early) else []


def _most(memory_mb: float) -> float:
    return memory_mb * MORE_MEMORY


def _held(sample: Sample) -> str:
    return f"{sample.sessions} sessions, {sample.streams} event streams, {sample.participants} participants"
