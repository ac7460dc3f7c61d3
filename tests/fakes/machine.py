"""Time that stands still until a test moves it, and names that count."""

import asyncio
from datetime import UTC, datetime, timedelta

from palabre.domain.ids import Csrc, ParticipantId, RecordingId, RoomId


class StillClock:
    """Clock. `sleep` lets other tasks run and moves time on by what was asked for."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)


class CountingIds:
    """Ids."""

    def __init__(self) -> None:
        self._count = 0

    def _next(self) -> int:
        self._count += 1
        return self._count

    def room(self, seed: str | None = None) -> RoomId:
        return RoomId(f"room_{seed}") if seed else RoomId(f"room_{self._next()}")

    def participant(self) -> ParticipantId:
        return ParticipantId(f"part_{self._next()}")

    def recording(self) -> RecordingId:
        return RecordingId(f"rec_{self._next()}")

    def csrc(self) -> Csrc:
        return Csrc(self._next())

    def ticket(self) -> str:
        return f"jti_{self._next()}"
