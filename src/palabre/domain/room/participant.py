"""One participant of a room: who it is there, its microphone, its hand."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from palabre.domain.ids import AccountId, Csrc, ParticipantId
from palabre.domain.personas import Persona


class Mic(StrEnum):
    """The three states of a microphone."""

    MUTED_BY_MANAGER = "muted_by_manager"
    """May not open it."""
    MUTED = "muted"
    """May open it, does not."""
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Hand:
    raised_at: datetime
    question: str | None
    """Seen by managers only."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One account in one room, under one persona."""

    id: ParticipantId
    account: AccountId
    persona: Persona
    csrc: Csrc
    member: bool
    manager: bool
    mic: Mic
    hand: Hand | None
    joined_at: datetime

    @property
    def may_speak(self) -> bool:
        return self.mic is not Mic.MUTED_BY_MANAGER

    @property
    def in_view(self) -> bool:
        """In every snapshot: on the stage, or waiting for it. Other listeners come by the paged list."""
        return self.may_speak or self.hand is not None
