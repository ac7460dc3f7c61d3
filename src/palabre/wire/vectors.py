"""Test vectors for every reducer of room views: snapshot, changes, expected snapshot.

`python -m palabre.wire.vectors` writes `tests/vectors/room_views.json`, read by the web client's tests too.
The stories are fixed: no clock, no chance. Participants are a set: their order in a snapshot says nothing.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from palabre.domain.ids import AccountId, ChatId, Csrc, ParticipantId, RecordingId, RoomId
from palabre.domain.personas import Persona, PersonaKind
from palabre.domain.room import commands as c
from palabre.domain.room.changes import changes
from palabre.domain.room.decide import decide, start
from palabre.domain.room.evolve import found, replay
from palabre.domain.room.participant import Mic
from palabre.domain.room.state import Actor, HandsPolicy, Room
from palabre.domain.room.views import Viewer, snapshot
from palabre.wire.room import room_change, room_snapshot

FILE = Path("tests/vectors/room_views.json")

ADA = Actor(AccountId("acc_ada"), member=True, manager=True)
BEN = Actor(AccountId("acc_ben"), member=True, manager=False)
CLEO = Actor(AccountId("acc_cleo"), member=False, manager=False)

_START = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)


def _join(by: Actor, name: str, kind: PersonaKind = PersonaKind.ACCOUNT) -> c.Join:
    persona = Persona(kind, f"{kind}_{name}", name.title(), name, f"I am {name}.")
    return c.Join(by, persona, _part(name), Csrc(sum(name.encode())))


def _part(name: str) -> ParticipantId:
    return ParticipantId(f"part_{name}")


_ADA = _join(ADA, "ada")
_BEN = _join(BEN, "ben")
_CLEO = _join(CLEO, "cleo")
_RADIO = _join(ADA, "radio", PersonaKind.CHANNEL)

STORIES: dict[str, Sequence[c.Command]] = {
    "plain listeners only change the counts": (_ADA, _BEN, _CLEO, c.Leave(BEN.account)),
    "a hand is raised, allowed, and speaks": (
        _ADA,
        _BEN,
        c.RaiseHand(BEN, "Where does the tide go?"),
        c.RaiseHand(BEN, "Where does the tide go at night?"),
        c.Allow(ADA, _part("ben")),
        c.SetMic(BEN.account, Mic.LIVE),
        c.SetMic(BEN.account, Mic.MUTED),
    ),
    "a hand is lowered": (_ADA, _CLEO, c.RaiseHand(CLEO, None), c.LowerHand(ADA, _part("cleo"))),
    "speakers are muted, and everybody is": (
        _ADA,
        _BEN,
        _CLEO,
        c.Allow(ADA, _part("ben")),
        c.Allow(ADA, _part("cleo")),
        c.SetMic(CLEO.account, Mic.LIVE),
        c.Mute(ADA, _part("ben")),
        c.MuteAll(ADA),
    ),
    "a manager changes its name for a mask": (_ADA, _BEN, c.SetMic(ADA.account, Mic.LIVE), _RADIO),
    "the settings change": (
        c.ChangeTitle(ADA, "Tides, explained"),
        c.SetHandsPolicy(ADA, HandsPolicy.MEMBERS),
        c.SetJoinMuted(ADA, join_muted=False),
        _BEN,
    ),
    "a recording starts and stops": (
        _ADA,
        c.StartRecording(ADA, RecordingId("rec_1"), "For the archive"),
        c.StopRecording(ADA),
    ),
    "a new manager steps up": (_ADA, _BEN, c.ChangeStanding(Actor(BEN.account, member=True, manager=True))),
    "somebody is removed": (_ADA, _BEN, c.RaiseHand(BEN, None), c.Remove(ADA, _part("ben"), None, "noise")),
    "the room ends while it is recorded": (
        _ADA,
        _BEN,
        c.StartRecording(ADA, RecordingId("rec_2"), ""),
        c.EndRoom(ADA),
    ),
}


def vectors() -> dict[str, Any]:
    """Every story, step by step, for every kind of viewer; and once more as one gathered change."""
    cases = [_case(name, story, viewer) for name, story in STORIES.items() for viewer in Viewer]
    return {"cases": cases}


def write(file: Path = FILE) -> None:
    """Writes the vectors as the file is kept in the repository."""
    file.write_text(text(), encoding="utf-8")


def text() -> str:
    """The file's content."""
    return json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n"


def _case(name: str, story: Sequence[c.Command], viewer: Viewer) -> dict[str, Any]:
    rooms = _rooms(story)
    first, last = rooms[0], rooms[-1]
    steps = [
        room_change(before.version, after.version, changes(before, after, viewer)).model_dump(mode="json")
        for before, after in pairwise(rooms)
    ]
    gathered = room_change(first.version, last.version, changes(first, last, viewer))
    return {
        "name": name,
        "viewer": viewer.value,
        "snapshot": _wire(first, viewer),
        "changes": steps,
        "gathered": gathered.model_dump(mode="json"),
        "expected": _wire(last, viewer),
    }


def _rooms(story: Sequence[c.Command]) -> list[Room]:
    begun = start(
        c.StartRoom(ADA, RoomId("room_1"), ChatId("chat_1"), "Tides", True, 100, live_room=None), _START
    )
    rooms = [found(begun)]
    for second, command in enumerate(story, start=1):
        now = _START + timedelta(seconds=second)
        rooms.append(replay(rooms[-1], decide(rooms[-1], command, now)))
    return rooms


def _wire(room: Room, viewer: Viewer) -> dict[str, Any]:
    return room_snapshot(snapshot(room, viewer)).model_dump(mode="json")


if __name__ == "__main__":
    write()
