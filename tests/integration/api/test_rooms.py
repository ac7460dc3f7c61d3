"""Voice chats over HTTP: the engine is told, tickets open the right topic, masks do not leak."""

import jwt

from tests.integration.api.people import TICKET_KEY, House, Person


async def _room(house: House) -> tuple[Person, Person, str]:
    """Ada's public channel with a live room; Ben subscribes."""
    ada, ben = await house.person("ada", "Ada Lovelace"), await house.person("ben")
    chat = await ada.new_chat("channel")
    await ben.must("POST", f"/chats/{chat}/members")
    return ada, ben, await ada.new_room(chat, title="Friday talk")


async def test_a_join_admits_to_the_engine_and_gives_a_ticket_for_this_room(house: House) -> None:
    _, ben, room = await _room(house)
    entry = await ben.join(room)
    claims = jwt.decode(entry["ticket"], TICKET_KEY, algorithms=["HS256"], audience="palabre-edge")
    assert claims["topic"] == f"room:{room}"
    assert claims["view"] == "listener"
    assert claims["participant"] == entry["participant_id"]
    assert entry["edge"]["whep"] == "http://palabre.test:8081/edge/v1/whep"
    assert entry["you"] == {"may_manage": False, "may_speak": False}
    admitted = house.engine.told("admit")[-1]
    assert (admitted["participant"], admitted["may_speak"]) == (entry["participant_id"], False)


async def test_coming_back_is_the_same_participant(house: House) -> None:
    _, ben, room = await _room(house)
    first, second = await ben.join(room), await ben.join(room)
    assert first["participant_id"] == second["participant_id"]
    assert first["ticket"] != second["ticket"]


async def test_a_hand_is_raised_allowed_and_speaks_and_is_muted_in_the_engine(house: House) -> None:
    ada, ben, room = await _room(house)
    await ada.join(room)
    who = (await ben.join(room))["participant_id"]
    assert await ben.refused("PUT", f"/rooms/{room}/mic", {"state": "live"}) == "NOT_ALLOWED_TO_SPEAK"
    await ben.must("PUT", f"/rooms/{room}/hand", {"question": "Why?"})
    shown = await ada.must("GET", f"/rooms/{room}/participants", params={"q": "ben"})
    assert shown["items"][0]["hand"]["question"] == "Why?"
    assert await ben.refused("POST", f"/rooms/{room}/participants/{who}/allow") == "MANAGERS_ONLY"
    await ada.must("POST", f"/rooms/{room}/participants/{who}/allow")
    assert house.engine.told("admit")[-1] | {"csrc": 0} == {
        "room": room,
        "participant": who,
        "csrc": 0,
        "view": "speaker",
        "may_speak": True,
    }
    await ben.must("PUT", f"/rooms/{room}/mic", {"state": "live"})
    await ada.must("POST", f"/rooms/{room}/participants/{who}/mute")
    assert house.engine.told("admit")[-1]["may_speak"] is False


async def test_a_removed_participant_is_told_so_and_stays_out(house: House) -> None:
    ada, ben, room = await _room(house)
    who = (await ben.join(room))["participant_id"]
    await ada.must("POST", f"/rooms/{room}/participants/{who}/remove", {"reason": "noise"})
    assert house.engine.told("remove")[-1]["code"] == "REMOVED_FROM_ROOM"
    assert await ben.refused("POST", f"/rooms/{room}/join", {}) == "REMOVED_FROM_ROOM"


async def test_nothing_another_account_reads_leads_behind_a_mask(house: House) -> None:
    ada, ben, room = await _room(house)
    chat = (await ada.must("GET", f"/rooms/{room}"))["chat_id"]
    await ada.join(room, **{"as": {"kind": "channel", "id": chat}})
    await ada.must("POST", f"/chats/{chat}/messages", {"text": "Good evening."})
    await ben.join(room)
    rooms = [f"/rooms/{room}", f"/rooms/{room}/participants"]
    chats = [f"/chats/{chat}", f"/chats/{chat}/messages", "/chats", "/chats/search?q=night"]
    read = [(await ben.ask("GET", path)).text for path in rooms + chats]
    read.append((await ben.ask("POST", f"/rooms/{room}/join", {})).text)
    for text in read:
        assert ada.id not in text
        assert "Ada" not in text
        assert '"ada"' not in text


async def test_the_persona_of_last_time_is_remembered_and_used(house: House) -> None:
    ada, _, room = await _room(house)
    chat = (await ada.must("GET", f"/rooms/{room}"))["chat_id"]
    await ada.join(room, **{"as": {"kind": "channel", "id": chat}})
    personas = await ada.must("GET", f"/chats/{chat}/personas")
    assert personas["remembered"] == {"kind": "channel", "id": chat}
    again = await ada.join(room)
    assert again["snapshot"]["participants"][0]["persona"]["id"] == chat


async def test_nobody_takes_part_under_anothers_name(house: House) -> None:
    ada, ben, room = await _room(house)
    chat = (await ada.must("GET", f"/rooms/{room}"))["chat_id"]
    for mask in ({"kind": "channel", "id": chat}, {"kind": "account", "id": ada.id}):
        assert await ben.refused("POST", f"/rooms/{room}/join", {"as": mask}) == "PERSONA_NOT_YOURS"


async def test_a_chat_has_one_live_room_unless_it_is_replaced(house: House) -> None:
    ada, _, room = await _room(house)
    chat = (await ada.must("GET", f"/rooms/{room}"))["chat_id"]
    assert await ada.refused("POST", f"/chats/{chat}/rooms", {}) == "ROOM_ALREADY_LIVE"
    other = await ada.new_room(chat, replace=True)
    assert (await ada.must("GET", f"/rooms/{room}"))["state"] == "ended"
    assert (await ada.must("GET", f"/chats/{chat}"))["live_room"]["id"] == other


async def test_starting_a_room_twice_with_one_key_starts_one(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    key = {"Idempotency-Key": "tonight"}
    first = await ada.must("POST", f"/chats/{chat}/rooms", {"title": "x"}, headers=key)
    assert await ada.must("POST", f"/chats/{chat}/rooms", {"title": "x"}, headers=key) == first


async def test_start_and_end_leave_service_messages_without_an_author(house: House) -> None:
    ada, _, room = await _room(house)
    chat = (await ada.must("GET", f"/rooms/{room}"))["chat_id"]
    await ada.must("POST", f"/rooms/{room}/end")
    ended, started = (await ada.must("GET", f"/chats/{chat}/messages"))["items"]
    assert started["service"] == {"type": "room_started", "room_id": room, "title": "Friday talk"}
    assert ended["service"]["type"] == "room_ended"
    assert (started["author"], ended["author"]) == (None, None)
    assert await ada.refused("POST", f"/rooms/{room}/join", {}) == "ROOM_ENDED"


async def test_title_hands_and_newcomers_change_live_for_managers_only(house: House) -> None:
    ada, ben, room = await _room(house)
    change = {"title": "Part two", "hands": "nobody", "join_muted": False}
    assert await ben.refused("PATCH", f"/rooms/{room}", change) == "MANAGERS_ONLY"
    changed = await ada.must("PATCH", f"/rooms/{room}", change)
    assert (changed["title"], changed["hands"], changed["join_muted"]) == ("Part two", "nobody", False)
    assert await ada.refused("PATCH", f"/rooms/{room}", {"title": "x" * 65}) == "TITLE_TOO_LONG"


async def test_a_room_of_a_private_chat_does_not_exist_for_others(house: House) -> None:
    ada, eve = await house.person("ada"), await house.person("eve")
    room = await ada.new_room(await ada.new_chat("group", public=False))
    who = (await ada.join(room))["participant_id"]
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "Mine"}),
        ("POST", "/end", None),
        ("POST", "/join", {}),
        ("POST", "/leave", None),
        ("PUT", "/mic", {"state": "muted"}),
        ("PUT", "/hand", {}),
        ("DELETE", "/hand", None),
        ("GET", "/participants", None),
        ("POST", f"/participants/{who}/mute", None),
        ("POST", f"/participants/{who}/allow", None),
        ("POST", f"/participants/{who}/lower-hand", None),
        ("POST", f"/participants/{who}/remove", {}),
        ("POST", "/mute-all", None),
        ("POST", "/recording", {}),
        ("DELETE", "/recording", None),
    ):
        assert await eve.refused(method, f"/rooms/{room}{path}", body) == "ROOM_NOT_FOUND", path


async def test_a_chats_event_ticket_opens_only_that_chat(house: House) -> None:
    ada, _, room = await _room(house)
    chat = (await ada.must("GET", f"/rooms/{room}"))["chat_id"]
    answer = await ada.must("POST", f"/chats/{chat}/events-ticket")
    claims = jwt.decode(answer["ticket"], TICKET_KEY, algorithms=["HS256"], audience="palabre-edge")
    assert (claims["topic"], claims["view"]) == (f"chat:{chat}", "member")
    assert answer["events"] == "http://palabre.test:8081/edge/v1/events"


async def test_a_removed_member_leaves_the_live_room_of_a_private_chat(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group", public=False)
    link = await ada.must("POST", f"/chats/{chat}/invite-links")
    await ben.must("POST", f"/invite-links/{link['token']}/join")
    room = await ada.new_room(chat)
    who = (await ben.join(room))["participant_id"]
    await ada.must("DELETE", f"/chats/{chat}/members/{ben.id}")
    assert house.engine.told("remove")[-1]["participant"] == who
    assert await ben.refused("POST", f"/rooms/{room}/join", {}) == "ROOM_NOT_FOUND"
