"""Posting and reading messages."""

from palabre.chats.ports import Card, Clock, Hints, Ids, MessageStore
from palabre.domain.accounts import Account
from palabre.domain.chats import may_post
from palabre.domain.ids import MessageId
from palabre.domain.messages import Draft, Message, author_of, checked_text
from palabre.domain.refusal import Code, Refused


class Conversation:
    """The messages of chats."""

    def __init__(self, store: MessageStore, hints: Hints, *, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._hints = hints
        self._clock = clock
        self._ids = ids

    async def post(self, card: Card, by: Account, text: str, *, seed: str | None = None) -> Message:
        """The new message; with a seed that was used before, the one it made.

        Raises Refused(NOT_A_MEMBER | FORBIDDEN | MESSAGE_EMPTY | TEXT_TOO_LONG).
        """
        if card.mine is None:
            raise Refused(Code.NOT_A_MEMBER)
        if not may_post(card.chat, card.mine):
            raise Refused(Code.FORBIDDEN, "Only admins post in this channel. Ask its owner for the right.")
        body = checked_text(text)
        author = author_of(by, card.chat, card.mine)
        draft = Draft(self._ids.message(), card.chat.id, self._clock.now(), author, body)
        message = await self._store.add(draft, once=seed)
        self._hints.messages_changed(card.chat.id)
        return message

    async def page(self, card: Card, *, before: int | None, size: int) -> tuple[list[Message], int | None]:
        """Newest first; the second value is the `before` of the next page, None on the last one."""
        found = list(await self._store.page(card.chat.id, before=before, size=size + 1))
        shown = found[:size]
        return shown, shown[-1].seq if len(found) > size else None

    async def get(self, message: MessageId) -> Message:
        """Raises Refused(MESSAGE_NOT_FOUND)."""
        found = await self._store.get(message)
        if found is None:
            raise Refused(Code.MESSAGE_NOT_FOUND)
        return found
