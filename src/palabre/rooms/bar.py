"""The live bar of a room's chat: how many are in it and who spoke last, hinted at now and then."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from palabre.domain.ids import ParticipantId
from palabre.domain.room.page import RECENTLY_HEARD

BAR_GAP = timedelta(seconds=5)
"""How often a chat's members are told that the count or the faces changed: each of them then asks."""

JUST_AFTER = timedelta(milliseconds=1)

Shown: TypeAlias = tuple[int, tuple[ParticipantId, ...]]
"""How many are in the room, and the faces."""


class Bar:
    """What the chat's members were told last of one room."""

    def __init__(self, now: datetime) -> None:
        self._told: Shown = (0, ())
        self._told_at = now - BAR_GAP

    def tell(self, shown: Shown, now: datetime) -> bool:
        """Whether the members are to be told now; if so, they were."""
        if shown == self._told or now - self._told_at < BAR_GAP:
            return False
        self._told, self._told_at = shown, now
        return True

    def next_look(self, shown: Shown, heard: Mapping[ParticipantId, datetime]) -> datetime | None:
        """When there may be something to tell: what changed too soon, or a face that was heard too long ago."""
        if shown != self._told:
            return self._told_at + BAR_GAP
        _, faces = shown
        return min((heard[face] + RECENTLY_HEARD + JUST_AFTER for face in faces), default=None)
