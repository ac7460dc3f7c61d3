"""Creating, finding and changing chats."""

from dataclasses import replace

from palabre.chats.ports import Card, ChatStore, Clock, Ids, Place
from palabre.domain.accounts import Account, checked_bio, checked_handle, checked_name
from palabre.domain.chats import Chat, ChatKind, Member, Visibility, may_see
from palabre.domain.ids import AccountId, ChatId
from palabre.domain.refusal import Code, Refused

PAGE_SIZE = 50


class Directory:
    """The chats there are, as one account may see them."""

    def __init__(self, store: ChatStore, *, clock: Clock, ids: Ids, chats_per_account: int) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._chats_per_account = chats_per_account

    async def create(
        self,
        by: Account,
        *,
        kind: ChatKind,
        title: str,
        handle: str | None,
        visibility: Visibility,
        description: str,
        seed: str | None = None,
    ) -> Card:
        """A new group or channel that `by` owns; with a seed that was used before, the one it made.

        Raises Refused(HANDLE_INVALID | HANDLE_TAKEN | NAME_INVALID | TEXT_TOO_LONG | LIMIT_REACHED).
        """
        name = self._ids.chat(seed)
        if seed is not None and (made := await self._store.card(name, by.id)) is not None:
            return made
        if len(await self._store.owned(by.id)) >= self._chats_per_account:
            raise Refused(Code.LIMIT_REACHED, limit={"chats_per_account": self._chats_per_account})
        chat = Chat(
            id=name,
            kind=kind,
            title=checked_name(title),
            handle=_public_handle(handle, visibility),
            visibility=visibility,
            description=checked_bio(description),
            created_at=self._clock.now(),
        )
        owner = Member(chat.id, by.id, owner=True, given=frozenset(), joined_at=chat.created_at)
        await self._store.add(chat, owner)
        return Card(chat, owner, member_count=1)

    async def visible(self, chat: ChatId, viewer: AccountId) -> Card:
        """Raises Refused(CHAT_NOT_FOUND), also for a private chat of others: it does not exist for them."""
        card = await self._store.card(chat, viewer)
        if card is None or not may_see(card.chat, card.mine):
            raise Refused(Code.CHAT_NOT_FOUND)
        return card

    async def place(self, chat: ChatId, viewer: AccountId) -> Place:
        """The same without counting anybody. Raises Refused(CHAT_NOT_FOUND)."""
        return seen(await self._store.place(chat, viewer))

    async def of(self, account: AccountId, *, cursor: str | None) -> tuple[list[Card], str | None]:
        """The account's own chats, Saved Messages first, and the cursor of the next page."""
        cards, following = await self._store.of(account, after=cursor, size=PAGE_SIZE)
        return list(cards), following

    async def search(self, query: str, viewer: AccountId) -> list[Card]:
        """Public chats whose title or handle contains the words."""
        return list(await self._store.search(query.strip().removeprefix("@"), viewer, size=PAGE_SIZE))

    async def change(
        self,
        card: Card,
        *,
        title: str | None = None,
        description: str | None = None,
        visibility: Visibility | None = None,
        handle: str | None = None,
    ) -> Card:
        """The chat with what is not None changed. A chat that becomes private loses its handle."""
        chat = card.chat
        if chat.kind is ChatKind.SAVED:
            raise Refused(Code.FORBIDDEN, "Saved Messages stay as they are.")
        new_visibility = visibility or chat.visibility
        changed = replace(
            chat,
            title=chat.title if title is None else checked_name(title),
            description=chat.description if description is None else checked_bio(description),
            visibility=new_visibility,
            handle=_public_handle(handle or chat.handle, new_visibility),
        )
        await self._store.change(changed)
        return replace(card, chat=changed)


def seen(found: Place | None) -> Place:
    """The place, if its account may see it. Raises Refused(CHAT_NOT_FOUND)."""
    if found is None or not may_see(found.chat, found.mine):
        raise Refused(Code.CHAT_NOT_FOUND)
    return found


def _public_handle(handle: str | None, visibility: Visibility) -> str | None:
    """A public chat needs a handle, a private one has none."""
    if visibility is Visibility.PRIVATE:
        return None
    return checked_handle(handle or "")
