"""Groups and channels: making, finding, joining; who may do what; what is private stays so."""

import asyncio
from pathlib import Path

import pytest

from tests.integration.api.people import House, opened


async def test_a_public_channel_is_found_and_joined_by_anyone(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("channel", title="Night Radio")
    found = await ben.must("GET", "/chats/search", params={"q": "night r"})
    assert [item["id"] for item in found["items"]] == [chat]
    joined = await ben.must("POST", f"/chats/{chat}/members")
    assert joined["my"] == {"member": True, "owner": False, "rights": []}
    assert joined["member_count"] == 2
    mine = await ben.must("GET", "/chats")
    assert [item["kind"] for item in mine["items"]] == ["saved", "channel"]


async def test_saved_messages_come_first_and_then_what_is_most_active(house: House) -> None:
    ada = await house.person("ada")
    first, second = await ada.new_chat("group"), await ada.new_chat("channel")
    await ada.must("POST", f"/chats/{first}/messages", {"text": "newer"})
    listed = await ada.must("GET", "/chats")
    assert listed["items"][0]["kind"] == "saved"
    assert [item["id"] for item in listed["items"]][1:] == [first, second]


async def test_the_list_of_chats_goes_on_where_the_page_ended(house: House) -> None:
    ada = await house.person("ada")
    made = {await ada.new_chat("group", public=False) for _ in range(53)}
    first = await ada.must("GET", "/chats")
    assert len(first["items"]) == 50
    rest = await ada.must("GET", "/chats", params={"cursor": first["next_cursor"]})
    assert rest["next_cursor"] is None
    listed = [item["id"] for item in first["items"] + rest["items"] if item["kind"] != "saved"]
    assert len(listed) == 53
    assert set(listed) == made


async def test_a_cursor_of_somebody_elses_making_is_refused(house: House) -> None:
    ada = await house.person("ada")
    for cursor in ("x", "W10", "WzEsMiwzXQ", "[]", "%00"):
        assert await ada.refused("GET", "/chats", params={"cursor": cursor}) == "BAD_CURSOR"


async def test_a_private_chat_does_not_exist_for_others(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group", public=False)
    await ada.must("POST", f"/chats/{chat}/messages", {"text": "secret"})
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "Mine"}),
        ("POST", "/members", None),
        ("DELETE", "/members/me", None),
        ("GET", "/members", None),
        ("PUT", f"/members/{ben.id}/rights", {"rights": []}),
        ("DELETE", f"/members/{ada.id}", None),
        ("POST", "/invite-links", None),
        ("POST", "/events-ticket", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"text": "hello"}),
        ("GET", "/personas", None),
        ("POST", "/rooms", {}),
    ):
        assert await ben.refused(method, f"/chats/{chat}{path}", body) == "CHAT_NOT_FOUND", path
    assert (await ben.must("GET", "/chats/search", params={"q": "Night"}))["items"] == []


async def test_an_invite_link_opens_a_private_chat_as_often_as_it_says(house: House) -> None:
    ada, ben, eve = await house.person("ada"), await house.person("ben"), await house.person("eve")
    chat = await ada.new_chat("group", public=False)
    link = await ada.must("POST", f"/chats/{chat}/invite-links", {"max_uses": 1})
    joined = await ben.must("POST", f"/invite-links/{link['token']}/join")
    assert joined["id"] == chat
    assert (await ben.must("POST", f"/invite-links/{link['token']}/join"))["member_count"] == 2
    assert await eve.refused("POST", f"/invite-links/{link['token']}/join") == "LINK_USED_UP"
    assert await eve.refused("POST", "/invite-links/invented/join") == "NOT_FOUND"


async def test_a_revoked_link_says_so_and_lets_nobody_in(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat, other = await ada.new_chat("group", public=False), await ada.new_chat("channel")
    token = (await ada.must("POST", f"/chats/{chat}/invite-links"))["token"]
    assert await ada.refused("DELETE", f"/chats/{other}/invite-links/{token}") == "NOT_FOUND"
    await ada.must("DELETE", f"/chats/{chat}/invite-links/{token}")
    assert await ben.refused("POST", f"/invite-links/{token}/join") == "LINK_REVOKED"


async def test_only_the_owner_gives_rights_and_they_count_at_once(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group")
    await ben.must("POST", f"/chats/{chat}/members")
    path = f"/chats/{chat}/members/{ben.id}/rights"
    assert await ben.refused("PUT", path, {"rights": ["manage_rooms"]}) == "FORBIDDEN"
    assert await ben.refused("POST", f"/chats/{chat}/rooms", {}) == "MANAGERS_ONLY"
    await ada.must("PUT", path, {"rights": ["manage_rooms"]})
    assert (await ben.must("GET", f"/chats/{chat}"))["my"]["rights"] == ["manage_rooms"]
    await ben.new_room(chat)
    assert await ada.refused("PUT", path, {"rights": ["fly"]}) == "INVALID_INPUT"


async def test_members_change_nothing_of_the_chat_itself(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group")
    await ben.must("POST", f"/chats/{chat}/members")
    assert await ben.refused("PATCH", f"/chats/{chat}", {"title": "Mine"}) == "FORBIDDEN"
    assert await ben.refused("POST", f"/chats/{chat}/invite-links") == "FORBIDDEN"
    assert await ben.refused("DELETE", f"/chats/{chat}/members/{ada.id}") == "FORBIDDEN"


async def test_the_owner_stays_and_members_come_and_go(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group")
    await ben.must("POST", f"/chats/{chat}/members")
    assert await ada.refused("DELETE", f"/chats/{chat}/members/me") == "OWNER_CANNOT_LEAVE"
    await ben.must("DELETE", f"/chats/{chat}/members/me")
    await ben.must("POST", f"/chats/{chat}/members")
    await ada.must("DELETE", f"/chats/{chat}/members/{ben.id}")
    assert await ben.refused("GET", f"/chats/{chat}/members") == "NOT_A_MEMBER"


async def test_a_chat_that_becomes_private_gives_its_handle_back(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group")
    changed = await ada.must("PATCH", f"/chats/{chat}", {"visibility": "private", "title": "Quiet"})
    assert (changed["handle"], changed["title"]) == (None, "Quiet")
    assert await ben.refused("GET", f"/chats/{chat}") == "CHAT_NOT_FOUND"
    taken = {"kind": "group", "title": "Mine", "visibility": "public", "handle": "group_of_ada"}
    await ben.must("POST", "/chats", taken)
    assert await ada.refused("POST", "/chats", taken) == "HANDLE_TAKEN"


async def test_subscribers_of_a_channel_do_not_see_each_other(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("channel")
    await ben.must("POST", f"/chats/{chat}/members")
    assert await ben.refused("GET", f"/chats/{chat}/members") == "FORBIDDEN"
    rows = (await ada.must("GET", f"/chats/{chat}/members"))["items"]
    assert [(row["handle"], row["owner"]) for row in rows] == [("ada", True), ("ben", False)]


async def test_a_group_does_not_list_its_anonymous_admins_to_members(house: House) -> None:
    ada, ben, eve = await house.person("ada"), await house.person("ben"), await house.person("eve")
    chat = await ada.new_chat("group")
    for person in (ben, eve):
        await person.must("POST", f"/chats/{chat}/members")
    await ada.must("PUT", f"/chats/{chat}/members/{ben.id}/rights", {"rights": ["anonymous"]})
    rows = (await eve.must("GET", f"/chats/{chat}/members"))["items"]
    assert [row["handle"] for row in rows] == ["ada", "eve"]
    personas = (await ben.must("GET", f"/chats/{chat}/personas"))["items"]
    assert [persona["kind"] for persona in personas] == ["account", "group"]


async def test_saved_messages_are_for_one_alone(house: House) -> None:
    ada = await house.person("ada")
    saved = (await ada.must("GET", "/chats"))["items"][0]
    assert saved["my"] == {"member": True, "owner": True, "rights": []}
    await ada.must("POST", f"/chats/{saved['id']}/messages", {"text": "Remember."})
    assert await ada.refused("POST", f"/chats/{saved['id']}/rooms", {}) == "FORBIDDEN"
    assert await ada.refused("POST", f"/chats/{saved['id']}/invite-links") == "FORBIDDEN"
    assert await ada.refused("PATCH", f"/chats/{saved['id']}", {"title": "x"}) == "FORBIDDEN"


async def test_a_creation_sent_twice_happens_once(house: House) -> None:
    ada = await house.person("ada")
    wish = {"kind": "group", "title": "Twice"}
    key = {"Idempotency-Key": "make the group"}
    first = await ada.must("POST", "/chats", wish, headers=key)
    assert await ada.must("POST", "/chats", wish, headers=key) == first
    other = {"kind": "group", "title": "Other"}
    assert await ada.refused("POST", "/chats", other, headers=key) == "IDEMPOTENCY_KEY_REUSED"
    ben = await house.person("ben")
    assert (await ben.must("POST", "/chats", wish, headers=key))["id"] != first["id"]
    assert len((await ada.must("GET", "/chats"))["items"]) == 2


async def test_what_was_made_before_the_process_died_is_not_made_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    wishes = [
        ("/chats", {"kind": "group", "title": "x", "visibility": "public", "handle": "just_once"}),
        (f"/chats/{chat}/rooms", {"title": "x", "replace": True}),
        (f"/chats/{chat}/messages", {"text": "x"}),
    ]

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    for path, wish in wishes:
        key = {"Idempotency-Key": f"for {path}"}
        with monkeypatch.context() as dying:
            dying.setattr(type(house.services.answers), "keep", dies)
            with pytest.raises(asyncio.CancelledError):
                await ada.ask("POST", path, wish, headers=key)
        first = await ada.must("POST", path, wish, headers=key)
        assert await ada.must("POST", path, wish, headers=key) == first
    assert len((await ada.must("GET", "/chats"))["items"]) == 3
    messages = (await ada.must("GET", f"/chats/{chat}/messages"))["items"]
    assert len(messages) == 2  # that the voice chat began, and the one that was posted


async def test_a_creation_that_was_refused_leaves_its_key_free(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat("group")
    key = {"Idempotency-Key": "k"}
    wish = {"kind": "group", "title": "x", "visibility": "public", "handle": "group_of_ada"}
    assert await ada.refused("POST", "/chats", wish, headers=key) == "HANDLE_TAKEN"
    await ada.must("PATCH", f"/chats/{chat}", {"visibility": "private"})
    await ada.must("POST", "/chats", wish, headers=key)


async def test_owning_too_many_chats_names_the_limit(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_chats_per_account="2") as house:
        ada = await house.person("ada")
        for _ in range(2):
            await ada.new_chat(public=False)
        answer = await ada.ask("POST", "/chats", {"kind": "group", "title": "Third"})
    assert answer.json()["code"] == "LIMIT_REACHED"
    assert answer.json()["limit"] == {"chats_per_account": 2}
