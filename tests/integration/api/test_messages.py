"""Messages: posting, paging, and the sound of voice messages."""

import asyncio
from pathlib import Path
from typing import Any

from tests.fakes.engine import RecordingStopped
from tests.integration.api.people import House, Person

SOUND = b"OggS" + bytes(range(200))


async def test_messages_come_newest_first_page_by_page(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    for text in "abcde":
        await ada.must("POST", f"/chats/{chat}/messages", {"text": text})
    first = await ada.must("GET", f"/chats/{chat}/messages", params={"limit": 3})
    assert [(m["seq"], m["text"]) for m in first["items"]] == [(5, "e"), (4, "d"), (3, "c")]
    query = {"limit": 3, "before": first["next_cursor"]}
    rest = await ada.must("GET", f"/chats/{chat}/messages", params=query)
    assert [m["text"] for m in rest["items"]] == ["b", "a"]
    assert rest["next_cursor"] is None


async def test_messages_sent_at_once_have_places_without_gaps(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    posts = [ada.must("POST", f"/chats/{chat}/messages", {"text": str(i)}) for i in range(20)]
    sent = await asyncio.gather(*posts)
    assert sorted(message["seq"] for message in sent) == list(range(1, 21))


async def test_a_message_has_words_and_at_most_4096_of_their_characters(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    assert await ada.refused("POST", f"/chats/{chat}/messages", {"text": " \n "}) == "MESSAGE_EMPTY"
    answer = await ada.ask("POST", f"/chats/{chat}/messages", {"text": "x" * 4097})
    assert answer.json()["code"] == "TEXT_TOO_LONG"
    assert answer.json()["limit"] == {"characters": 4096}
    await ada.must("POST", f"/chats/{chat}/messages", {"text": "x" * 4096})


async def test_in_a_channel_admins_post_as_the_channel_and_others_read(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("channel")
    await ben.must("POST", f"/chats/{chat}/members")
    assert await ben.refused("POST", f"/chats/{chat}/messages", {"text": "me too"}) == "FORBIDDEN"
    await ada.must("POST", f"/chats/{chat}/messages", {"text": "Good evening."})
    page = await ben.ask("GET", f"/chats/{chat}/messages")
    assert page.json()["items"][0]["author"] == {"kind": "channel", "id": chat, "name": "Night Radio"}
    assert ada.id not in page.text


async def test_visitors_read_a_public_chat_but_must_join_to_talk(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    chat = await ada.new_chat("group")
    await ben.must("GET", f"/chats/{chat}/messages")
    assert await ben.refused("POST", f"/chats/{chat}/messages", {"text": "hi"}) == "NOT_A_MEMBER"


async def test_a_recording_arrives_as_a_voice_message_with_ranges_of_sound(house: House) -> None:
    ada = await house.person("ada")
    voice = await _recorded(house, ada)
    assert voice["kind"] == "voice"
    assert voice["voice"]["title"] == "Friday"
    assert len(voice["voice"]["waveform"]) == 100
    path = voice["voice"]["url"].removeprefix("/api/v1")
    whole = await ada.ask("GET", path)
    assert (whole.status_code, whole.content) == (200, SOUND)
    part = await ada.ask("GET", path, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, SOUND[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(SOUND)}"
    beyond = await ada.ask("GET", path, headers={"Range": "bytes=9999-"})
    assert beyond.status_code == 416


async def test_nobody_else_hears_or_reads_saved_messages(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    voice = await _recorded(house, ada)
    assert await ben.refused("GET", f"/messages/{voice['id']}/audio") == "MESSAGE_NOT_FOUND"
    assert await ben.refused("GET", f"/chats/{voice['chat_id']}/messages") == "CHAT_NOT_FOUND"
    assert await house.visitor().refused("GET", f"/messages/{voice['id']}/audio") == "NOT_SIGNED_IN"


async def test_a_text_has_no_sound(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    message = await ada.must("POST", f"/chats/{chat}/messages", {"text": "quiet"})
    assert await ada.refused("GET", f"/messages/{message['id']}/audio") == "MESSAGE_NOT_FOUND"


async def _recorded(house: House, ada: Person) -> dict[str, Any]:
    """A voice message in Ada's Saved Messages, by the way of a real recording."""
    room = await ada.new_room(await ada.new_chat("channel"))
    recording = await ada.must("POST", f"/rooms/{room}/recording", {"title": "Friday"})
    file = house.engine.told("start_recording")[0]["path"]
    await asyncio.to_thread(Path(file).write_bytes, SOUND)
    await ada.must("DELETE", f"/rooms/{room}/recording")
    house.engine.report(RecordingStopped(room, recording["id"], file, 204_000))
    saved = (await ada.must("GET", "/chats"))["items"][0]["id"]
    while True:
        messages = (await ada.must("GET", f"/chats/{saved}/messages"))["items"]
        if messages:
            return dict(messages[0])
        await asyncio.sleep(0)
