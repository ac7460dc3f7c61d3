"""The one question before a room is what the stores answer one after another, over every database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from palabre.bootstrap.stores import Stores
from palabre.chats.ports import Entrance, LastPersona, Place
from palabre.domain.chats import Member
from palabre.domain.ids import AccountId, ChatId, RoomId
from palabre.domain.personas import PersonaKind, PersonaRef
from palabre.rooms.ports import EventRecord, RoomHead
from tests.contract.given import NOW, account, kept_account, kept_chat, later

ROOM, TOKEN = RoomId("room_1"), b"t" * 32


@pytest.fixture
async def radio(stores: Stores) -> ChatId:
    """Ada's chat with a room at version 2; ben, who is no member, is signed in."""
    ada, ben = await kept_account(stores, "ada"), await kept_account(stores, "ben")
    chat = await kept_chat(stores, ada, "radio", handle="radio_one")
    events = [EventRecord("started", {}), EventRecord("something", {})]
    await stores.rooms.append(RoomHead(ROOM, chat, live=True), 0, events, None)
    await stores.sessions.add(TOKEN, ben, created=NOW, expires=later(60))
    return chat


async def _one_after_another(stores: Stores, chat: ChatId, who: str) -> Entrance:
    known, version = account(who), await stores.rooms.version(ROOM)
    there = await stores.chats.place(chat, known.id)
    assert version is not None
    assert there is not None
    return Entrance(known, version, there, LastPersona(await stores.choices.remembered(chat, known.id)))


async def test_a_stranger_finds_the_room_and_its_chat(stores: Stores, radio: ChatId) -> None:
    found = await stores.entrances.find(TOKEN, ROOM, NOW)
    assert found == await _one_after_another(stores, radio, "ben")
    assert found is not None
    assert (found.version, found.there.mine, found.last.ref) == (2, None, None)


async def test_a_member_finds_its_rights_and_the_persona_it_chose(stores: Stores, radio: ChatId) -> None:
    ben, mask = AccountId("acc_ben"), PersonaRef(PersonaKind.CHANNEL, "chat_of_ben")
    member = Member(radio, ben, owner=False, given=frozenset(), joined_at=NOW)
    await stores.members.add(member)
    await stores.choices.remember(radio, ben, mask)
    found = await stores.entrances.find(TOKEN, ROOM, NOW)
    assert found == await _one_after_another(stores, radio, "ben")
    assert found is not None
    assert (found.there, found.last) == (replace(found.there, mine=member), LastPersona(mask))
    assert isinstance(found.there, Place)


@pytest.mark.usefixtures("radio")
async def test_nobody_is_found_by_another_token_in_another_room_or_too_late(stores: Stores) -> None:
    assert await stores.entrances.find(b"u" * 32, ROOM, NOW) is None
    assert await stores.entrances.find(TOKEN, RoomId("room_2"), NOW) is None
    assert await stores.entrances.find(TOKEN, ROOM, NOW + timedelta(seconds=61)) is None
