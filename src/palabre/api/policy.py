"""Who may do what, in one table: for each operation the least an account must be, and its refusals.

`guard` enforces it before any handler runs; the OpenAPI document is told from it. Rules of live rooms (who
may mute whom, who may speak) are the domain's: they depend on the room's state, and `decide`
applies them in the same step that changes it.
"""

from dataclasses import dataclass
from enum import Enum, auto

from palabre.chats.ports import Place
from palabre.domain.chats import ChatKind, Right
from palabre.domain.refusal import Code, Refused


class Scope(Enum):
    """What the path names, and so what must be visible to the account."""

    SERVER = auto()
    CHAT = auto()
    ROOM = auto()
    MESSAGE = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """`codes` are the refusals of the operation itself; `codes_of` adds those that follow from the rule."""

    scope: Scope = Scope.SERVER
    signed_in: bool = True
    member: bool = False
    right: Right | None = None
    owner: bool = False
    codes: tuple[Code, ...] = ()


def _anyone(*codes: Code) -> Rule:
    return Rule(signed_in=False, codes=codes)


def _account(*codes: Code) -> Rule:
    return Rule(codes=codes)


def _sees(scope: Scope, *codes: Code) -> Rule:
    return Rule(scope, codes=codes)


def _member(*codes: Code) -> Rule:
    return Rule(Scope.CHAT, member=True, codes=codes)


def _with(right: Right, scope: Scope, *codes: Code) -> Rule:
    return Rule(scope, member=True, right=right, codes=codes)


def _owner(*codes: Code) -> Rule:
    return Rule(Scope.CHAT, member=True, owner=True, codes=codes)


_LINK = (Code.LINK_REVOKED, Code.LINK_EXPIRED, Code.LINK_USED_UP)
_WORDS = (Code.HANDLE_TAKEN, Code.HANDLE_INVALID, Code.NAME_INVALID, Code.TEXT_TOO_LONG)
_IN_ROOM = (Code.ROOM_ENDED, Code.NOT_IN_ROOM, Code.VERSION_CONFLICT)
_MANAGE = (Code.MANAGERS_ONLY, Code.ROOM_ENDED, Code.VERSION_CONFLICT)
_OTHERS = (*_MANAGE, Code.PARTICIPANT_NOT_FOUND)
_ROOMS = Right.MANAGE_ROOMS

ACCESS: dict[str, Rule] = {
    # accounts
    "signUp": _anyone(Code.HANDLE_TAKEN, Code.HANDLE_INVALID, Code.NAME_INVALID, Code.PASSWORD_TOO_WEAK),
    "signIn": _anyone(Code.WRONG_CREDENTIALS),
    "signOut": _account(),
    "getMe": _account(),
    "changeMe": _account(Code.NAME_INVALID, Code.TEXT_TOO_LONG),
    # chats
    "createChat": _account(*_WORDS, Code.LIMIT_REACHED),
    "listMyChats": _account(Code.BAD_CURSOR),
    "searchChats": _account(),
    "getChat": _sees(Scope.CHAT),
    "changeChat": _with(Right.EDIT_CHAT, Scope.CHAT, *_WORDS),
    "getEventsTicket": _sees(Scope.CHAT),
    "listPersonas": _sees(Scope.CHAT),
    # members
    "joinChat": _sees(Scope.CHAT, Code.CHAT_IS_PRIVATE),
    "leaveChat": _sees(Scope.CHAT, Code.OWNER_CANNOT_LEAVE),
    "listMembers": _member(Code.BAD_CURSOR),
    "setRights": _owner(),
    "removeMember": _with(Right.MANAGE_MEMBERS, Scope.CHAT),
    "createInviteLink": _with(Right.INVITE, Scope.CHAT),
    "revokeInviteLink": _with(Right.INVITE, Scope.CHAT, Code.NOT_FOUND),
    "joinByInviteLink": _account(Code.NOT_FOUND, *_LINK),
    # messages
    "listMessages": _sees(Scope.CHAT, Code.BAD_CURSOR),
    "postMessage": _member(Code.MESSAGE_EMPTY, Code.TEXT_TOO_LONG),
    "getMessageAudio": _sees(Scope.MESSAGE),
    # rooms
    "startRoom": _with(_ROOMS, Scope.CHAT, Code.ROOM_ALREADY_LIVE, Code.TITLE_TOO_LONG, Code.SERVER_FULL),
    "getRoom": _sees(Scope.ROOM),
    "changeRoom": _with(_ROOMS, Scope.ROOM, *_MANAGE, Code.TITLE_TOO_LONG),
    "endRoom": _with(_ROOMS, Scope.ROOM, *_MANAGE),
    "joinRoom": _sees(
        Scope.ROOM,
        Code.ROOM_ENDED,
        Code.ROOM_FULL,
        Code.REMOVED_FROM_ROOM,
        Code.PERSONA_NOT_YOURS,
        Code.VERSION_CONFLICT,
    ),
    "leaveRoom": _sees(Scope.ROOM, Code.VERSION_CONFLICT),
    "setMic": _sees(Scope.ROOM, *_IN_ROOM, Code.NOT_ALLOWED_TO_SPEAK),
    "raiseHand": _sees(
        Scope.ROOM,
        *_IN_ROOM,
        Code.HANDS_CLOSED,
        Code.HANDS_MEMBERS_ONLY,
        Code.ALREADY_ALLOWED,
        Code.TEXT_TOO_LONG,
    ),
    "lowerOwnHand": _sees(Scope.ROOM, *_IN_ROOM),
    "listParticipants": _sees(Scope.ROOM, Code.BAD_CURSOR, Code.ROOM_ENDED),
    "muteParticipant": _with(_ROOMS, Scope.ROOM, *_OTHERS),
    "allowParticipant": _with(_ROOMS, Scope.ROOM, *_OTHERS),
    "lowerHand": _with(_ROOMS, Scope.ROOM, *_OTHERS),
    "removeParticipant": _with(_ROOMS, Scope.ROOM, *_OTHERS, Code.MANAGER_PROTECTED, Code.TEXT_TOO_LONG),
    "muteAll": _with(_ROOMS, Scope.ROOM, *_MANAGE),
    "startRecording": _with(_ROOMS, Scope.ROOM, *_MANAGE, Code.ALREADY_RECORDING, Code.TITLE_TOO_LONG),
    "stopRecording": _with(_ROOMS, Scope.ROOM, *_MANAGE, Code.NOT_RECORDING),
}
"""Operation id → rule. `test_every_route_has_a_rule` keeps it whole."""

NOT_VISIBLE: dict[Scope, Code] = {
    Scope.SERVER: Code.NOT_FOUND,
    Scope.CHAT: Code.CHAT_NOT_FOUND,
    Scope.ROOM: Code.ROOM_NOT_FOUND,
    Scope.MESSAGE: Code.MESSAGE_NOT_FOUND,
}
"""What is private to others does not exist: the refusal is that of a wrong id."""


def check(rule: Rule, there: Place) -> None:
    """Raises Refused(NOT_A_MEMBER | FORBIDDEN | MANAGERS_ONLY) when the account is less than the rule asks."""
    mine = there.mine
    if there.chat.kind is ChatKind.SAVED and rule.right is not None:
        raise Refused(
            Code.FORBIDDEN, "Saved Messages are yours alone: nobody to invite, to manage or to talk to."
        )
    if rule.right is Right.MANAGE_ROOMS and (mine is None or Right.MANAGE_ROOMS not in mine.rights):
        raise Refused(Code.MANAGERS_ONLY)
    if rule.member and mine is None:
        raise Refused(Code.NOT_A_MEMBER)
    if mine is None:
        return
    if (rule.owner and not mine.owner) or (rule.right is not None and rule.right not in mine.rights):
        raise Refused(Code.FORBIDDEN)


def codes_of(rule: Rule) -> tuple[Code, ...]:
    """Every refusal the operation may answer with because of who asks, and its own."""
    found = [*rule.codes, Code.TOO_MANY_REQUESTS]
    if rule.signed_in:
        found += [Code.NOT_SIGNED_IN, Code.CSRF_FAILED]
    if rule.scope is not Scope.SERVER:
        found.append(NOT_VISIBLE[rule.scope])
    if rule.member:
        found += [Code.NOT_A_MEMBER, Code.FORBIDDEN]
    if rule.right is Right.MANAGE_ROOMS:
        found.append(Code.MANAGERS_ONLY)
    if rule.scope is Scope.ROOM or rule.right is Right.MANAGE_ROOMS:
        found.append(Code.MEDIA_BUSY)
    return tuple(dict.fromkeys(found))
