"""Domain and service values in the words of the wire."""

from palabre.api.ports import Services
from palabre.chats.ports import Card, InviteLink
from palabre.domain.accounts import Account
from palabre.domain.chats import ChatKind, Member
from palabre.rooms.service import LiveBar
from palabre.wire import chats as wire


def chat(card: Card, bar: LiveBar | None) -> wire.Chat:
    """A chat as the card's account finds it. Who owns it is told to nobody else."""
    mine = card.mine
    return wire.Chat(
        id=card.chat.id,
        kind=card.chat.kind,
        title=card.chat.title,
        handle=card.chat.handle,
        visibility=card.chat.visibility,
        description=card.chat.description,
        member_count=card.member_count,
        my=wire.MyPart(
            member=mine is not None,
            owner=mine is not None and mine.owner,
            rights=sorted(mine.rights) if mine and card.chat.kind is not ChatKind.SAVED else [],
        ),
        live_room=None if bar is None else live_room(bar),
    )


def live_room(bar: LiveBar) -> wire.LiveRoom:
    """The live bar."""
    return wire.LiveRoom(
        id=bar.room,
        title=bar.title,
        started_at=bar.started_at,
        in_room=bar.in_room,
        recent_speakers=list(bar.recent_speakers),
    )


async def chats(services: Services, cards: list[Card]) -> list[wire.Chat]:
    """The cards with their live bars."""
    bars = await services.rooms.live_bars([card.chat.id for card in cards])
    return [chat(card, bars.get(card.chat.id)) for card in cards]


async def one_chat(services: Services, card: Card) -> wire.Chat:
    """The card with its live bar."""
    return (await chats(services, [card]))[0]


def member(row: Member, account: Account) -> wire.Member:
    """A row of the list of members."""
    return wire.Member(
        account_id=account.id,
        handle=account.handle,
        display_name=account.display_name,
        owner=row.owner,
        rights=sorted(row.given),
        joined_at=row.joined_at,
    )


def invite_link(link: InviteLink) -> wire.InviteLink:
    """A link for whoever made it."""
    return wire.InviteLink(token=link.token, expires_at=link.expires_at, max_uses=link.max_uses)
