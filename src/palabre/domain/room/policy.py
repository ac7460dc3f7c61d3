"""Who may do what: the tables and questions `decide` asks before it answers."""

from datetime import datetime

from palabre.domain.chats import ChatKind, Member, Right
from palabre.domain.ids import AccountId, ParticipantId
from palabre.domain.refusal import Code, Refused
from palabre.domain.room.participant import Mic, Participant
from palabre.domain.room.state import QUESTION_MAX, TITLE_MAX, Actor, HandsPolicy, Room


def joins_muted_at_first(kind: ChatKind) -> bool:
    """`join_muted` of a new room: on in a channel, off in a group."""
    return kind is ChatKind.CHANNEL


def mic_on_entry(room: Room, by: Actor) -> Mic:
    """Allowed to speak = not `join_muted`, or manager; a silenced account stays so. Nobody enters live."""
    if by.manager:
        return Mic.MUTED
    if room.join_muted or by.account in room.silenced:
        return Mic.MUTED_BY_MANAGER
    return Mic.MUTED


def mic_when_muted_by_manager(target: Participant) -> Mic:
    """A manager muted by another keeps the right to open its microphone."""
    return Mic.MUTED if target.manager else Mic.MUTED_BY_MANAGER


def actor_of(account: AccountId, mine: Member | None) -> Actor:
    """What an account is in the rooms of a chat, by what it is in the chat."""
    manager = mine is not None and Right.MANAGE_ROOMS in mine.rights
    return Actor(account, member=mine is not None, manager=manager)


def need_manager(by: Actor) -> None:
    if not by.manager:
        raise Refused(Code.MANAGERS_ONLY)


def need_inside(room: Room, account: AccountId) -> Participant:
    participant = room.of(account)
    if participant is None:
        raise Refused(Code.NOT_IN_ROOM)
    return participant


def need_participant(room: Room, who: ParticipantId) -> Participant:
    participant = room.participants.get(who)
    if participant is None:
        raise Refused(Code.PARTICIPANT_NOT_FOUND)
    return participant


def need_entry(room: Room, by: Actor, now: datetime) -> None:
    """Raises Refused(REMOVED_FROM_ROOM | ROOM_FULL)."""
    removal = room.removed.get(by.account)
    if removal is not None and (removal.until is None or now < removal.until):
        raise Refused(Code.REMOVED_FROM_ROOM)
    if len(room.participants) >= room.capacity and not by.manager and room.of(by.account) is None:
        detail = f"This voice chat holds {room.capacity}. Ask a host to raise the limit, or try again later."
        raise Refused(Code.ROOM_FULL, detail, limit={"participants": room.capacity})


def need_open_hands(room: Room, by: Actor) -> None:
    if room.hands is HandsPolicy.NOBODY:
        raise Refused(Code.HANDS_CLOSED)
    if room.hands is HandsPolicy.MEMBERS and not by.member:
        raise Refused(Code.HANDS_MEMBERS_ONLY)


def checked_title(raw: str) -> str:
    """0–64 characters, without white space around them. Raises Refused(TITLE_TOO_LONG)."""
    title = " ".join(raw.split())
    if len(title) > TITLE_MAX:
        raise Refused(Code.TITLE_TOO_LONG, limit={"characters": TITLE_MAX})
    return title


def checked_text(raw: str | None, longest: int = QUESTION_MAX) -> str | None:
    """A question or a reason; nothing but white space is none. Raises Refused(TEXT_TOO_LONG)."""
    text = " ".join((raw or "").split())
    if len(text) > longest:
        raise Refused(
            Code.TEXT_TOO_LONG,
            f"The text has at most {longest} characters. Shorten it.",
            limit={"characters": longest},
        )
    return text or None
