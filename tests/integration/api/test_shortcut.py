"""A join that goes around the framework is answered as the framework itself would answer it."""

from typing import Any

import httpx
import pytest

from palabre.api import shortcut
from tests.integration.api.people import House, Person

JSON = {"Content-Type": "application/json"}
WISHES: list[dict[str, Any]] = [
    {"json": {}},
    {"content": b""},
    {"content": b"null", "headers": JSON},
    {"content": b"null", "headers": {"Content-Type": "application/json; charset=utf-8"}},
    {"json": {"take_over": True}},
    {"json": {"take_over": "true", "as": None, "unknown": 1}},
    {"json": {"take_over": "perhaps"}},
    {"json": {"as": {"kind": "account", "id": "acc_of_somebody"}}},
    {"json": {"as": {"kind": "robot", "id": "x"}}},
    {"json": []},
    {"content": b"{", "headers": JSON},
    {"content": b"\xff", "headers": JSON},
    {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    {"content": b"{}"},
    {"json": {}, "headers": {"Authorization": "Bearer nobody"}},
    {"json": {}, "headers": {"Authorization": "", "Cookie": "palabre_session=nobody"}},
]


async def _both(ben: Person, path: str, wish: dict[str, Any], patch: pytest.MonkeyPatch) -> list[Any]:
    """What the shortcut answers, and what the framework does."""
    around = await ben.ask("POST", path, **wish)
    with patch.context() as without:
        without.setattr(shortcut, "_JOIN", shortcut.re.compile("nowhere"))
        through = await ben.ask("POST", path, **wish)
    return [_seen(around), _seen(through)]


def _seen(answer: httpx.Response) -> Any:
    body = answer.json()
    for fresh in ("ticket", "expires_at"):
        body.pop(fresh, None)
    return answer.status_code, dict(answer.headers) | {"content-length": ""}, body


@pytest.mark.parametrize("wish", WISHES, ids=str)
async def test_every_wish_is_answered_alike(
    house: House, wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    room = await ada.new_room(await ada.new_chat())
    await ben.join(room)
    around, through = await _both(ben, f"/rooms/{room}/join", wish, monkeypatch)
    assert around == through


@pytest.mark.parametrize("room", ["room_of_nobody", "%2e%2e", "a b", "é"])
async def test_a_room_that_is_not_there_is_refused_alike(
    house: House, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = await house.person("ben")
    around, through = await _both(ben, f"/rooms/{room}/join", {"json": {}}, monkeypatch)
    assert around == through
    assert around[2]["code"] == "ROOM_NOT_FOUND"


async def test_a_crash_is_told_as_it_is_anywhere(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.person("ada")
    room = await ada.new_room(await ada.new_chat())

    async def crash(*_: object) -> None:
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr(shortcut, "join_room", crash)
    quiet = httpx.ASGITransport(app=house.app, raise_app_exceptions=False)
    headers = ada.http.headers
    async with httpx.AsyncClient(transport=quiet, base_url="http://palabre.test", headers=headers) as http:
        answer = await http.post(f"/api/v1/rooms/{room}/join", json={})
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL_ERROR")
