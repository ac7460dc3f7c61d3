"""The machine's clock and its randomness."""

import asyncio
import hashlib
import os
import secrets
import string
import time
from datetime import UTC, datetime

from palabre.domain.ids import AccountId, ChatId, Csrc, MessageId, ParticipantId, RecordingId, RoomId

_BASE62 = (string.digits + string.ascii_letters).encode()
_LENGTH = 22
"""22 base62 characters are 131 random bits."""

_EVEN = len(_BASE62) * 4
"""Random bytes from here on are left out, or some characters would come more often than others."""

_CHARACTERS = bytes(_BASE62[byte % len(_BASE62)] for byte in range(256))
_LEFT_OUT = bytes(range(_EVEN, 256))


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
        while not (number := int.from_bytes(os.urandom(4))):
            pass
        return Csrc(number)

    def ticket(self) -> str:
        return _new("tkt")

    def token(self) -> str:
        """256 random bits, URL-safe."""
        return secrets.token_urlsafe(32)


def _new(prefix: str, seed: str | None = None) -> str:
    return f"{prefix}_{_random_name() if seed is None else _name_of(prefix + seed)}"


def _random_name() -> str:
    """Without a loop over its characters: a join takes two."""
    name = b""
    while len(name) < _LENGTH:
        name += os.urandom(_LENGTH + 6).translate(_CHARACTERS, _LEFT_OUT)
    return name[:_LENGTH].decode()


def _name_of(seed: str) -> str:
    """The same for the same seed."""
    number, name = int.from_bytes(hashlib.sha256(seed.encode()).digest()), bytearray()
    for _ in range(_LENGTH):
        number, character = divmod(number, len(_BASE62))
        name.append(_BASE62[character])
    return name.decode()
