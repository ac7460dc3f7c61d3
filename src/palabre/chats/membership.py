"""Who is in a chat, how they come in, what they may do there."""

from datetime import timedelta

from palabre.chats.ports import Card, ChatStore, Clock, Ids, InviteLink, InviteStore, MemberStore, Standing
from palabre.domain.accounts import Account
from palabre.domain.chats import ChatKind, Member, Right, Visibility
from palabre.domain.ids import AccountId, ChatId
from palabre.domain.refusal import Code, Refused

PAGE_SIZE = 50


class Membership:
    """Joining, leaving, rights and invite links."""

    def __init__(
        self,
        chats: ChatStore,
        members: MemberStore,
        invites: InviteStore,
        standing: Standing,
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._chats = chats
        self._members = members
        self._invites = invites
        self._standing = standing
        self._clock = clock
        self._ids = ids

    async def join(self, card: Card, account: AccountId) -> Card:
        """Into a public chat. Joining twice is harmless. Raises Refused(CHAT_IS_PRIVATE)."""
        if card.mine is None and card.chat.visibility is Visibility.PRIVATE:
            raise Refused(Code.CHAT_IS_PRIVATE)
        return await self._enter(card.chat.id, account)

    async def leave(self, card: Card, account: AccountId) -> None:
        """Raises Refused(OWNER_CANNOT_LEAVE). Leaving a chat one is not in is harmless."""
        if card.mine is not None and card.mine.owner:
            raise Refused(Code.OWNER_CANNOT_LEAVE)
        await self._members.remove(card.chat.id, account)
        await self._standing.standing_changed(card.chat.id, account)

    async def page(self, card: Card, cursor: str | None) -> tuple[list[tuple[Member, Account]], str | None]:
        rows, following = await self._members.page(card.chat.id, after=cursor, size=PAGE_SIZE)
        return list(rows), following

    async def set_rights(self, card: Card, account: AccountId, given: frozenset[Right]) -> Member:
        """What an admin may do; none: a plain member. Raises Refused(NOT_A_MEMBER | FORBIDDEN)."""
        member = await self._other(card, account)
        if card.chat.kind is not ChatKind.GROUP and Right.ANONYMOUS in given:
            raise Refused(Code.FORBIDDEN, "Only a group has anonymous admins. Leave out `anonymous`.")
        await self._members.set_rights(card.chat.id, account, given)
        await self._standing.standing_changed(card.chat.id, account)
        return Member(member.chat, account, member.owner, given, member.joined_at)

    async def remove(self, card: Card, account: AccountId) -> None:
        """Out of the chat and of its live room. Raises Refused(NOT_A_MEMBER | FORBIDDEN)."""
        member = await self._other(card, account)
        if member.owner or (member.given and card.mine is not None and not card.mine.owner):
            raise Refused(Code.FORBIDDEN, "Only the owner removes admins. Ask the owner.")
        await self._members.remove(card.chat.id, account)
        await self._standing.expel(card.chat.id, account)

    async def invite(self, card: Card, *, lifetime: timedelta | None, max_uses: int | None) -> InviteLink:
        """A new link into the chat. Raises Refused(FORBIDDEN) for Saved Messages."""
        if card.chat.kind is ChatKind.SAVED:
            raise Refused(Code.FORBIDDEN, "Saved Messages are yours alone.")
        now = self._clock.now()
        expires = None if lifetime is None else now + lifetime
        link = InviteLink(self._ids.token(), card.chat.id, now, expires, max_uses)
        await self._invites.add(link)
        return link

    async def revoke(self, card: Card, token: str) -> None:
        """The link opens nothing any more; who is in stays. Raises Refused(NOT_FOUND)."""
        link = await self._invites.get(token)
        if link is None or link.chat != card.chat.id:
            raise Refused(Code.NOT_FOUND, "This chat has no such invite link. Look at the link again.")
        await self._invites.revoke(token)

    async def join_by_link(self, token: str, account: AccountId) -> Card:
        """Raises Refused(NOT_FOUND | LINK_REVOKED | LINK_EXPIRED | LINK_USED_UP)."""
        link = await self._invites.get(token)
        if link is None:
            raise Refused(Code.NOT_FOUND, "There is no such invite link. Ask for a new one.")
        if link.revoked:
            raise Refused(Code.LINK_REVOKED)
        if link.expires_at is not None and link.expires_at <= self._clock.now():
            raise Refused(Code.LINK_EXPIRED)
        already_in = await self._members.get(link.chat, account) is not None
        if not already_in and not await self._invites.use(token):
            raise Refused(Code.LINK_USED_UP)
        return await self._enter(link.chat, account)

    async def _enter(self, chat: ChatId, account: AccountId) -> Card:
        member = Member(chat, account, owner=False, given=frozenset(), joined_at=self._clock.now())
        await self._members.add(member)
        await self._standing.standing_changed(chat, account)
        card = await self._chats.card(chat, account)
        if card is None:
            raise Refused(Code.CHAT_NOT_FOUND)
        return card

    async def _other(self, card: Card, account: AccountId) -> Member:
        member = await self._members.get(card.chat.id, account)
        if member is None:
            raise Refused(
                Code.NOT_A_MEMBER, "This account is not a member of the chat. Look at the list again."
            )
        return member
