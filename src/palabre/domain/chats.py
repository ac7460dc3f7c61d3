"""Chats: groups, channels and saved messages; who is a member and with which rights."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from palabre.domain.ids import AccountId, ChatId


class ChatKind(StrEnum):
    GROUP = "group"
    """Members talk."""
    CHANNEL = "channel"
    """Admins post, subscribers read."""
    SAVED = "saved"
    """An account's private chat with itself."""


class Visibility(StrEnum):
    PUBLIC = "public"
    """Has a handle; anyone may look and join."""
    PRIVATE = "private"
    """Invite link only; for everybody else it does not exist."""


class Right(StrEnum):
    """What an owner may hand to an admin. The owner has all of them but `anonymous`."""

    MANAGE_ROOMS = "manage_rooms"
    POST_MESSAGES = "post_messages"
    MANAGE_MEMBERS = "manage_members"
    EDIT_CHAT = "edit_chat"
    INVITE = "invite"
    SEE_THROUGH = "see_through"
    """May look behind a mask; each look is written to the admin log."""
    ANONYMOUS = "anonymous"
    """Takes part in rooms of a group as the group itself, if it likes."""


OWNER_RIGHTS = frozenset(Right) - {Right.ANONYMOUS}


@dataclass(frozen=True, slots=True)
class Chat:
    id: ChatId
    kind: ChatKind
    title: str
    handle: str | None
    visibility: Visibility
    description: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """One account in one chat. `given` are the rights an owner handed out; ask `rights` for what counts."""

    chat: ChatId
    account: AccountId
    owner: bool
    given: frozenset[Right]
    joined_at: datetime

    @property
    def rights(self) -> frozenset[Right]:
        return self.given | OWNER_RIGHTS if self.owner else self.given


def may_see(chat: Chat, member: Member | None) -> bool:
    """Public chats are for everyone; a private one exists for its members only."""
    return chat.visibility is Visibility.PUBLIC or member is not None


def may_post(chat: Chat, member: Member | None) -> bool:
    """Members talk in a group; in a channel it takes the right to post."""
    if member is None:
        return False
    return chat.kind is not ChatKind.CHANNEL or Right.POST_MESSAGES in member.rights
