"""The machine's clock and its randomness."""

import asyncio
import hashlib
import secrets
import string
import time
from datetime import UTC, datetime

from palabre.domain.ids import AccountId, ChatId, Csrc, MessageId, ParticipantId, RecordingId, RoomId

_BASE62 = string.digits + string.ascii_letters
_PAIRS = [low + high for high in _BASE62 for low in _BASE62]
_LENGTH = 22
"""22 base62 characters are 131 random bits."""

_MANY: int = 62**_LENGTH


class SystemClock:
    """The ports `Clock` of accounts, chats, rooms and api."""

    def now(self) -> datetime:
        """UTC, aware."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See `rooms.ports.Clock`."""
        await asyncio.sleep(seconds)


class SystemIds:
    """The ports `Ids` of accounts, chats and rooms."""

    def account(self) -> AccountId:
        return AccountId(_new("acc"))

    def chat(self, seed: str | None = None) -> ChatId:
        """See `chats.ports.Ids`."""
        return ChatId(_new("chat", seed))

    def message(self) -> MessageId:
        return MessageId(_new("msg"))

    def room(self, seed: str | None = None) -> RoomId:
        """See `rooms.ports.Ids`."""
        return RoomId(_new("room", seed))

    def participant(self) -> ParticipantId:
        return ParticipantId(_new("part"))

    def recording(self) -> RecordingId:
        return RecordingId(_new("rec"))

    def csrc(self) -> Csrc:
        """Never 0, which many read as "none"."""
        return Csrc(1 + secrets.randbelow(2**32 - 1))

    def ticket(self) -> str:
        return _new("tkt")

    def token(self) -> str:
        """256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)


def _new(prefix: str, seed: str | None = None) -> str:
    number, characters = secrets.randbelow(_MANY) if seed is None else _number(prefix + seed), []
    for _ in range(_LENGTH // 2):  # two at a time: a join takes two ids, and dividing is most of each
        number, pair = divmod(number, len(_PAIRS))
        characters.append(_PAIRS[pair])
    return f"{prefix}_{''.join(characters)}"


def _number(seed: str) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()) % _MANY
