"""Signing in, with scripted passwords and time."""

from datetime import UTC, datetime, timedelta

import pytest

from palabre.accounts.service import Accounts
from palabre.domain.accounts import Account
from palabre.domain.chats import Chat
from palabre.domain.ids import AccountId, ChatId
from palabre.domain.refusal import Code, Refused

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


class World:
    """Every port of accounts at once, in memory."""

    def __init__(self) -> None:
        self.time = NOW
        self.people: dict[str, tuple[Account, str]] = {}
        self.tokens: dict[bytes, tuple[AccountId, datetime]] = {}
        self.checked: list[str | None] = []
        self.accounts = Accounts(
            self, self.Sessions(self), self, clock=self, ids=self, session_length=timedelta(days=1)
        )

    def now(self) -> datetime:
        return self.time

    def account(self) -> AccountId:
        return AccountId(f"acc_{len(self.people)}")

    def chat(self) -> ChatId:
        return ChatId(f"chat_{len(self.people)}")

    def token(self) -> str:
        return f"token {len(self.tokens)}"

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password_hash: str | None, password: str) -> bool:
        self.checked.append(password_hash)
        return password_hash == f"hash of {password}"

    async def add(self, account: Account, password_hash: str, saved: Chat) -> None:
        self.people[account.handle] = (account, password_hash)

    async def get(self, account: AccountId) -> Account | None:
        return next((known for known, _ in self.people.values() if known.id == account), None)

    async def with_handle(self, handle: str) -> tuple[Account, str] | None:
        return self.people.get(handle)

    async def change(self, account: Account) -> None:
        self.people[account.handle] = (account, self.people[account.handle][1])

    class Sessions:
        def __init__(self, world: "World") -> None:
            self.world = world

        async def add(
            self, token_hash: bytes, account: AccountId, *, created: datetime, expires: datetime
        ) -> None:
            self.world.tokens[token_hash] = (account, expires)

        async def account_of(self, token_hash: bytes, now: datetime) -> Account | None:
            account, expires = self.world.tokens.get(token_hash, (AccountId(""), NOW))
            return await self.world.get(account) if now < expires else None

        async def remove(self, token_hash: bytes) -> None:
            self.world.tokens.pop(token_hash, None)

        async def remove_expired(self, now: datetime) -> None:
            self.world.tokens = {key: kept for key, kept in self.world.tokens.items() if now < kept[1]}


@pytest.fixture
async def world() -> World:
    world = World()
    await world.accounts.sign_up(handle="ada", display_name="Ada", password="long enough", locale="en")
    return world


async def test_a_handle_nobody_has_costs_the_same_check_of_a_password(world: World) -> None:
    for handle in ("ada", "nobody"):
        with pytest.raises(Refused) as refusal:
            await world.accounts.sign_in(handle, "wrong")
        assert refusal.value.code is Code.WRONG_CREDENTIALS
    assert world.checked == ["hash of long enough", None]


async def test_a_session_ends_with_its_time_and_is_swept_at_the_next_sign_in(world: World) -> None:
    signed_in = await world.accounts.sign_in("@Ada", "long enough")
    assert await world.accounts.whose(signed_in.token) == signed_in.account
    world.time = signed_in.expires_at
    assert await world.accounts.whose(signed_in.token) is None
    await world.accounts.sign_in("ada", "long enough")
    assert len(world.tokens) == 1


async def test_the_token_itself_is_kept_nowhere(world: World) -> None:
    signed_in = await world.accounts.sign_in("ada", "long enough")
    assert signed_in.token.encode() not in world.tokens
