"""The list of participants, page by page: who speaks first, then hands, then who came last."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from palabre.domain.ids import ParticipantId
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.participant import Participant
from palabre.domain.room.state import Room
from palabre.domain.room.views import Counts, ParticipantView, Viewer, count, view_participant

PAGE_SIZE = 50
RECENTLY_HEARD = timedelta(seconds=300)

Heard = Mapping[ParticipantId, datetime]
"""When each participant was last heard, as the engine tells it: facts of the moment, not of the event log."""

_Key = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` None: this was the last page. `counts` are the room's, whatever was searched."""

    items: tuple[ParticipantView, ...]
    next_cursor: str | None
    counts: Counts


def participants_page(
    room: Room,
    viewer: Viewer,
    *,
    heard: Heard,
    now: datetime,
    cursor: str | None = None,
    query: str = "",
    size: int = PAGE_SIZE,
) -> Page:
    """At most `size` participants after `cursor` whose persona's name or handle contains `query`.

    Raises Refused(BAD_CURSOR).
    """
    after = None if cursor is None else _read(cursor)
    keyed = [(_key(p, viewer, heard, now), p) for p in room.participants.values() if _matches(p, query)]
    rest = sorted((entry for entry in keyed if after is None or entry[0] > after), key=lambda entry: entry[0])
    shown = rest[:size]
    more = _write(shown[-1][0]) if len(rest) > size else None
    return Page(tuple(view_participant(p, viewer) for _, p in shown), more, count(room))


def _matches(participant: Participant, query: str) -> bool:
    wanted = query.strip().removeprefix("@").casefold()
    persona = participant.persona
    return wanted in persona.name.casefold() or wanted in (persona.handle or "").casefold()


def _key(participant: Participant, viewer: Viewer, heard: Heard, now: datetime) -> _Key:
    """Sorts as the rules say. The id, last, makes equal keys impossible: a cursor then loses nobody."""
    last_heard = heard.get(participant.id)
    if last_heard is not None and now - last_heard <= RECENTLY_HEARD:
        return (0, -last_heard.timestamp(), participant.id)
    if participant.hand is not None and viewer is Viewer.MANAGER:
        return (1, participant.hand.raised_at.timestamp(), participant.id)
    return (2, -participant.joined_at.timestamp(), participant.id)


def _write(key: _Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> _Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        group, rank, who = json.loads(base64.urlsafe_b64decode(padded))
        return (int(group), float(rank), str(who))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Refused(Code.BAD_CURSOR) from error
