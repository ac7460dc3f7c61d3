"""ChatStore, MemberStore, InviteStore, MessageStore and PersonaChoices, over every database."""

import asyncio
from dataclasses import replace

import pytest

from palabre.bootstrap.stores import Stores
from palabre.chats.ports import InviteLink
from palabre.domain import messages as m
from palabre.domain.chats import Member, Right
from palabre.domain.ids import AccountId, BlobId, ChatId, MessageId, RoomId
from palabre.domain.personas import PersonaKind, PersonaRef
from palabre.domain.refusal import Code, Refused
from tests.contract.given import NOW, account, chat, kept_account, kept_chat, later


def _draft(chat_id: ChatId, name: str, body: m.Body, at: float = 0) -> m.Draft:
    return m.Draft(MessageId(f"msg_{name}"), chat_id, later(at), None, body)


async def test_a_card_says_what_the_viewer_is_in_the_chat(stores: Stores) -> None:
    ada, ben = await kept_account(stores, "ada"), await kept_account(stores, "ben")
    radio = await kept_chat(stores, ada, "radio", handle="radio")
    owners, strangers = await stores.chats.card(radio, ada), await stores.chats.card(radio, ben)
    assert owners is not None
    assert owners.mine == Member(radio, ada, owner=True, given=frozenset(), joined_at=NOW)
    assert strangers is not None
    assert (strangers.mine, strangers.member_count) == (None, 1)
    assert await stores.chats.card(ChatId("chat_none"), ada) is None


async def test_two_chats_never_share_a_handle(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    await kept_chat(stores, ada, "radio", handle="radio")
    with pytest.raises(Refused) as refusal:
        await kept_chat(stores, ada, "other", handle="radio")
    assert refusal.value.code is Code.HANDLE_TAKEN
    await kept_chat(stores, ada, "third", handle="third")
    with pytest.raises(Refused):
        await stores.chats.change(replace(chat("third", handle="radio")))


async def test_search_takes_words_as_they_are_and_finds_public_chats_only(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    await kept_chat(stores, ada, "Night_Radio", handle="night_radio")
    await kept_chat(stores, ada, "Night private")
    found = await stores.chats.search("NIGHT_r", ada, size=10)
    assert [card.chat.title for card in found] == ["Night_Radio"]
    assert await stores.chats.search("%", ada, size=10) == []


async def test_a_chat_with_a_new_message_moves_up_below_saved_messages(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    one, two = await kept_chat(stores, ada, "one"), await kept_chat(stores, ada, "two")
    await stores.messages.add(_draft(two, "a", m.Text("hi"), at=5))
    cards, cursor = await stores.chats.of(ada, after=None, size=2)
    assert [card.chat.id for card in cards] == ["chat_saved_ada", two]
    rest, end = await stores.chats.of(ada, after=cursor, size=2)
    assert ([card.chat.id for card in rest], end) == ([one], None)
    assert await stores.chats.saved_of(ada) == "chat_saved_ada"
    assert [known.id for known in await stores.chats.owned(ada)] == [one, two]


async def test_members_come_page_by_page_and_keep_their_rights(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    radio = await kept_chat(stores, ada, "radio")
    people = [await kept_account(stores, f"p{i}") for i in range(4)]
    for who in people:
        await stores.members.add(Member(radio, who, owner=False, given=frozenset(), joined_at=later(1)))
    await stores.members.add(Member(radio, ada, owner=False, given=frozenset(), joined_at=later(9)))
    await stores.members.set_rights(radio, people[0], frozenset({Right.MANAGE_ROOMS, Right.INVITE}))
    first, cursor = await stores.members.page(radio, after=None, size=3)
    second, end = await stores.members.page(radio, after=cursor, size=3)
    assert [row.account for row, _ in (*first, *second)] == [ada, *people]
    assert end is None
    assert first[0] == (Member(radio, ada, owner=True, given=frozenset(), joined_at=NOW), account("ada"))
    assert first[1][0].given == {Right.MANAGE_ROOMS, Right.INVITE}
    await stores.members.remove(radio, people[0])
    assert await stores.members.get(radio, people[0]) is None


async def test_a_link_is_used_at_most_as_often_as_it_may(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    radio = await kept_chat(stores, ada, "radio")
    link = InviteLink("secret", radio, NOW, later(60), max_uses=3)
    await stores.invites.add(link)
    uses = await asyncio.gather(*[stores.invites.use("secret") for _ in range(8)])
    assert sum(uses) == 3
    assert await stores.invites.get("secret") == replace(link, uses=3)
    assert await stores.invites.get("other") is None
    await stores.invites.revoke("secret")
    assert await stores.invites.get("secret") == replace(link, uses=3, revoked=True)


async def test_messages_written_at_once_take_places_without_gaps(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    radio = await kept_chat(stores, ada, "radio")
    drafts = [_draft(radio, str(i), m.Text(str(i))) for i in range(12)]
    kept = await asyncio.gather(*[stores.messages.add(draft) for draft in drafts])
    assert sorted(message.seq for message in kept) == list(range(1, 13))
    page = await stores.messages.page(radio, before=5, size=3)
    assert [message.seq for message in page] == [4, 3, 2]


async def test_a_message_that_may_be_there_once_is_there_once(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    radio = await kept_chat(stores, ada, "radio")
    body = m.RoomEnded(RoomId("room_1"), "Friday", 90)
    drafts = [_draft(radio, str(i), body) for i in range(4)]
    kept = await asyncio.gather(*[stores.messages.add(draft, once="room_1:ended") for draft in drafts])
    assert len({message.id for message in kept}) == 1
    assert len(await stores.messages.page(radio, before=None, size=10)) == 1


@pytest.mark.parametrize(
    "body",
    [
        m.Text("h\u00e9llo \U0001f3a4"),
        m.Voice(BlobId("blob_1"), "Friday", 1500, tuple(range(32))),
        m.RoomStarted(RoomId("room_1"), "Friday"),
        m.RoomEnded(RoomId("room_1"), "Friday", 90),
        m.RecordingLost("Friday", "The disk is full."),
    ],
)
async def test_every_kind_of_message_comes_back_as_it_was(stores: Stores, body: m.Body) -> None:
    ada = await kept_account(stores, "ada")
    radio = await kept_chat(stores, ada, "radio")
    author = m.Author(PersonaKind.CHANNEL, radio, "Radio")
    kept = await stores.messages.add(m.Draft(MessageId("msg_1"), radio, later(0.5), author, body))
    assert await stores.messages.get(MessageId("msg_1")) == kept
    assert kept.body == body


async def test_the_last_chosen_persona_is_remembered_per_chat(stores: Stores) -> None:
    ada = await kept_account(stores, "ada")
    radio = await kept_chat(stores, ada, "radio")
    for ref in (PersonaRef(PersonaKind.ACCOUNT, ada), PersonaRef(PersonaKind.CHANNEL, radio)):
        await stores.choices.remember(radio, ada, ref)
        assert await stores.choices.remembered(radio, ada) == ref
    assert await stores.choices.remembered(radio, AccountId("acc_eve")) is None
