"""Words for tests about rooms: who is who, and a room one can speak to."""

from datetime import UTC, datetime, timedelta

from palabre.domain.ids import AccountId, ChatId, Csrc, ParticipantId, RoomId
from palabre.domain.personas import Persona, PersonaKind
from palabre.domain.room import commands as c
from palabre.domain.room.decide import decide, start
from palabre.domain.room.evolve import found, replay
from palabre.domain.room.participant import Participant
from palabre.domain.room.state import Actor, Room

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def manager(name: str) -> Actor:
    return Actor(AccountId(f"acc_{name}"), member=True, manager=True)


def member(name: str) -> Actor:
    return Actor(AccountId(f"acc_{name}"), member=True, manager=False)


def stranger(name: str) -> Actor:
    return Actor(AccountId(f"acc_{name}"), member=False, manager=False)


def itself(by: Actor) -> Persona:
    return Persona(PersonaKind.ACCOUNT, by.account, by.account, by.account, "")


def channel(name: str) -> Persona:
    return Persona(PersonaKind.CHANNEL, f"chat_{name}", name, name, "")


class Story:
    """A room that takes one command after another, a second apart."""

    def __init__(self, *, join_muted: bool = True, capacity: int = 100) -> None:
        self.now = NOW
        cmd = c.StartRoom(manager("host"), RoomId("room_1"), ChatId("chat_1"), "", join_muted, capacity, None)
        self.room: Room = found(start(cmd, self.now))
        self._joins = 0

    def does(self, *commands: c.Command) -> "Story":
        for command in commands:
            self.now += timedelta(seconds=1)
            self.room = replay(self.room, decide(self.room, command, self.now))
        return self

    def waits(self, **span: float) -> "Story":
        self.now += timedelta(**span)
        return self

    def join(self, by: Actor, persona: Persona | None = None) -> ParticipantId:
        self._joins += 1
        name = ParticipantId(f"part_{self._joins}")
        self.does(c.Join(by, persona or itself(by), name, Csrc(self._joins)))
        return self.of(by).id

    def of(self, by: Actor) -> Participant:
        found = self.room.of(by.account)
        assert found is not None, f"{by.account} is not in the room"
        return found
