"""Small facts for store tests."""

from datetime import UTC, datetime, timedelta

from palabre.bootstrap.stores import Stores
from palabre.domain.accounts import Account
from palabre.domain.chats import Chat, ChatKind, Member, Visibility
from palabre.domain.ids import AccountId, ChatId

NOW = datetime(2026, 11, 21, 5, 0, 0, 123456, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def account(handle: str) -> Account:
    return Account(AccountId(f"acc_{handle}"), handle, handle.capitalize(), "", "en", NOW)


def chat(
    name: str, *, kind: ChatKind = ChatKind.GROUP, handle: str | None = None, at: datetime = NOW
) -> Chat:
    visibility = Visibility.PUBLIC if handle else Visibility.PRIVATE
    return Chat(ChatId(f"chat_{name}"), kind, name, handle, visibility, "", at)


async def kept_account(stores: Stores, handle: str) -> AccountId:
    known = account(handle)
    await stores.accounts.add(known, "hash", chat(f"saved_{handle}", kind=ChatKind.SAVED))
    return known.id


async def kept_chat(stores: Stores, owner: AccountId, name: str, *, handle: str | None = None) -> ChatId:
    known = chat(name, handle=handle)
    await stores.chats.add(known, Member(known.id, owner, owner=True, given=frozenset(), joined_at=NOW))
    return known.id
