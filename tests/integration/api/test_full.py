"""Full is an answer: 503, when to come back, and which limit it was."""

from pathlib import Path

import httpx

from tests.integration.api.people import opened


def _full(answer: httpx.Response) -> tuple[int, str, dict[str, int]]:
    assert int(answer.headers["Retry-After"]) >= 1
    problem = answer.json()
    return answer.status_code, problem["code"], problem["limit"]


async def test_a_full_voice_chat_sends_newcomers_away_but_not_who_is_in_it(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_participants="2") as house:
        ada, ben, cyd = [await house.person(name) for name in ("ada", "ben", "cyd")]
        room = await ada.new_room(await ada.new_chat("channel"))
        await ada.join(room)
        await ben.join(room)
        refused = await cyd.ask("POST", f"/rooms/{room}/join", {})
        assert _full(refused) == (503, "ROOM_FULL", {"participants": 2})
        await ben.join(room)
        await ben.must("POST", f"/rooms/{room}/leave")
        await cyd.join(room)


async def test_a_server_with_as_many_voice_chats_as_it_holds_starts_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_live_rooms="1") as house:
        ada = await house.person("ada")
        first, second = await ada.new_chat("channel"), await ada.new_chat("group")
        room = await ada.new_room(first)
        refused = await ada.ask("POST", f"/chats/{second}/rooms", {})
        assert _full(refused) == (503, "SERVER_FULL", {"live_rooms": 1})
        await ada.must("POST", f"/rooms/{room}/end")
        await ada.new_room(second)
