"""Personas: the identity under which an account takes part in a room.

Rights follow the account, the name follows the persona; nothing leads from a persona back to its account.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from palabre.domain.accounts import Account
from palabre.domain.chats import Chat, ChatKind, Member, Right
from palabre.domain.refusal import Code, Refused


class PersonaKind(StrEnum):
    ACCOUNT = "account"
    CHANNEL = "channel"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class PersonaRef:
    """Which persona is meant: its kind, and the id of the account, channel or group."""

    kind: PersonaKind
    id: str


@dataclass(frozen=True, slots=True)
class Persona:
    """What others see of a participant. `bio` is the channel's or group's description for a mask."""

    kind: PersonaKind
    id: str
    name: str
    handle: str | None
    bio: str

    @property
    def ref(self) -> PersonaRef:
        return PersonaRef(self.kind, self.id)

    @property
    def is_mask(self) -> bool:
        return self.kind is not PersonaKind.ACCOUNT


def personas_for(
    account: Account, chat: Chat, member: Member | None, owned_channels: Iterable[Chat]
) -> tuple[Persona, ...]:
    """Who `account` may be in a room of `chat`: itself, owned channels, the group if anonymous admin."""
    masks = [_as_chat(PersonaKind.CHANNEL, channel) for channel in owned_channels]
    if chat.kind is ChatKind.GROUP and member is not None and Right.ANONYMOUS in member.rights:
        masks.append(_as_chat(PersonaKind.GROUP, chat))
    return (itself(account), *masks)


def itself(account: Account) -> Persona:
    """Without a mask."""
    return Persona(PersonaKind.ACCOUNT, account.id, account.display_name, account.handle, account.bio)


def chosen(personas: Iterable[Persona], ref: PersonaRef) -> Persona:
    """The persona `ref` names. Raises Refused(PERSONA_NOT_YOURS)."""
    for persona in personas:
        if persona.ref == ref:
            return persona
    raise Refused(Code.PERSONA_NOT_YOURS)


def _as_chat(kind: PersonaKind, chat: Chat) -> Persona:
    return Persona(kind, chat.id, chat.title, chat.handle, chat.description)
