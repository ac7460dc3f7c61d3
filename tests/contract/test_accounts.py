"""AccountStore, SessionStore and Answers, over every database."""

from dataclasses import replace

import pytest

from palabre.accounts.ports import Answer
from palabre.bootstrap.stores import Stores
from palabre.domain.chats import ChatKind
from palabre.domain.refusal import Code, Refused
from tests.contract.given import NOW, account, chat, kept_account, later


async def test_an_account_comes_back_as_it_was_kept(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    assert await stores.accounts.get(ada) == account("ada")
    assert await stores.accounts.with_handle("ada") == (account("ada"), "hash")
    assert await stores.accounts.with_handle("eve") is None


async def test_a_handle_is_kept_once_and_nothing_of_the_second_stays(stores: Stores) -> None:
    await kept_account(stores, "ada")
    second = replace(account("ada"), id=account("other").id)
    with pytest.raises(Refused) as refusal:
        await stores.accounts.add(second, "hash", chat("saved_other", kind=ChatKind.SAVED))
    assert refusal.value.code is Code.HANDLE_TAKEN
    assert await stores.accounts.get(second.id) is None
    assert await stores.chats.get(chat("saved_other").id) is None


async def test_a_profile_changes(stores: Stores) -> None:
    await kept_account(stores, "ada")
    changed = replace(account("ada"), display_name="Ada L.", bio="Counts.", locale="fr")
    await stores.accounts.change(changed)
    assert await stores.accounts.get(changed.id) == changed


async def test_a_session_opens_until_it_expires_or_is_removed(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    await stores.sessions.add(b"1" * 32, ada, created=NOW, expires=later(10))
    await stores.sessions.add(b"2" * 32, ada, created=NOW, expires=later(10))
    assert await stores.sessions.account_of(b"1" * 32, later(9)) == account("ada")
    assert await stores.sessions.account_of(b"1" * 32, later(10)) is None
    await stores.sessions.remove(b"1" * 32)
    assert await stores.sessions.account_of(b"1" * 32, NOW) is None
    await stores.sessions.remove_expired(later(11))
    assert await stores.sessions.account_of(b"2" * 32, NOW) is None


async def test_an_answer_is_claimed_once_and_told_again(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    answers, print_ = stores.answers, b"f" * 32
    assert await answers.claim(ada, "k", print_, NOW) == NOW
    assert await answers.claim(ada, "k", print_, later(3600)) == NOW
    await answers.keep(ada, "k", Answer(201, b"{}"))
    assert await answers.claim(ada, "k", print_, later(2)) == Answer(201, b"{}")
    with pytest.raises(Refused):
        await answers.claim(ada, "k", b"o" * 32, later(3))
    assert await answers.claim(ada, "k", print_, later(90_000)) == later(90_000)


async def test_a_claim_that_was_forgotten_is_free(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    assert await stores.answers.claim(ada, "k", b"f" * 32, NOW) == NOW
    await stores.answers.forget(ada, "k")
    assert await stores.answers.claim(ada, "k", b"f" * 32, later(1)) == later(1)
