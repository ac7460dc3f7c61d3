"""A join that is answered where it was read is answered byte by byte as the framework itself would answer it."""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from palabre.api import protocol
from palabre.api.guard import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE, csrf_token
from tests.integration.api.line import Line
from tests.integration.api.people import House, Person

JSON = {"Content-Type": "application/json"}
WISHES: list[tuple[bytes, Mapping[str, str]]] = [
    (b"{}", JSON),
    (b"", {}),
    (b"", JSON),
    (b"null", JSON),
    (b"null", {"Content-Type": "application/json; charset=utf-8"}),
    (b'{"take_over": true}', JSON),
    (b'{"take_over": "true", "as": null, "unknown": 1}', JSON),
    (b'{"take_over": "perhaps"}', JSON),
    (b'{"as": {"kind": "account", "id": "acc_of_somebody"}}', JSON),
    (b'{"as": {"kind": "robot", "id": "x"}}', JSON),
    (b"[]", JSON),
    (b"{", JSON),
    (b"\xff", JSON),
    (b" " * 5000 + b"{}", JSON),
    (b"{}", {"Content-Type": "text/plain"}),
    (b"{}", {}),
    (b"{}", JSON | {"Authorization": "Bearer nobody"}),
    (b"{}", JSON | {"Authorization": ""}),
    (b"{}", JSON | {"Authorization": "", "Cookie": f"{SESSION_COOKIE}=nobody"}),
    (b"{}", JSON | {"Connection": "close"}),
    (b"{}", JSON | {"Host": "radio.example:8443"}),
    (b"{}", JSON | {"Host": "<script>"}),
    (b"{}", JSON | {"Host": "["}),
    (b"{}", JSON | {"Host": ""}),
    (b"{}", JSON | {"X-Forwarded-For": "192.0.2.77", "X-Forwarded-Proto": "https"}),
    (b"{}", JSON | {"X-Forwarded-For": "unknown", "X-Forwarded-Proto": "gopher"}),
]


def request(who: Person | None, path: str, body: bytes, headers: Mapping[str, str] = JSON) -> bytes:
    """As a browser writes it. An empty header is left out."""
    told = {"Host": "palabre.test"} if who is None else {"Host": "palabre.test", **_session(who)}
    told |= {"Content-Length": str(len(body)), **headers}
    lines = [f"POST /api/v1{path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items() if value)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body


def _session(who: Person) -> dict[str, str]:
    return {"Authorization": who.http.headers["Authorization"]}


async def _room(house: House) -> tuple[Person, str]:
    """Somebody in a room, and the room's path."""
    ada, ben = await house.person("ada"), await house.person("ben")
    room = await ada.new_room(await ada.new_chat())
    await ben.join(room)
    return ben, f"/rooms/{room}/join"


def _the_other_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_JOIN", re.compile(rb"nowhere"))


async def _both(
    house: House, monkeypatch: pytest.MonkeyPatch, asked: bytes, client: str = "203.0.113.9"
) -> list[tuple[bytes, Any, bool]]:
    """The answer's head and body around the framework and through it, and whether the connection was closed."""
    answers = []
    for through in (False, True):
        with monkeypatch.context() as patch:
            if through:
                _the_other_way(patch)
            line = Line(house, client)
            line.say(asked)
            answers.append((*_seen(await line.hear()), line.closed))
            await line.settled()
    return answers


def _seen(answer: bytes) -> tuple[bytes, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    told = json.loads(body)
    for fresh in ("ticket", "expires_at"):
        told.pop(fresh, None)
    return head, told


def _statuses(*answers: bytes) -> list[int]:
    return [int(answer.split(b" ")[1]) for answer in answers]


@pytest.mark.parametrize("wish", WISHES, ids=str)
@pytest.mark.parametrize("client", ["203.0.113.9", "127.0.0.1", "::ffff:127.0.0.1"])
async def test_every_wish_is_answered_alike(
    house: House, wish: tuple[bytes, Mapping[str, str]], client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben, path = await _room(house)
    around, through = await _both(house, monkeypatch, request(ben, path, *wish), client)
    assert around == through


@pytest.mark.parametrize("room", ["room_of_nobody", "%2e%2e", "a%20b", "%C3%A9", ".."])
async def test_a_room_that_is_not_there_is_refused_alike(
    house: House, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = await house.person("ben")
    around, through = await _both(house, monkeypatch, request(ben, f"/rooms/{room}/join", b"{}"))
    assert around == through
    assert b" 404 " in around[0]


async def test_who_joins_too_often_is_refused_alike(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ben, path = await _room(house)
    monkeypatch.setattr(house.app.state.rates.address, "_burst", 0)
    around, through = await _both(house, monkeypatch, request(ben, path, b"{}"))
    assert around == through
    assert around[0].startswith(b"HTTP/1.1 429 ")


async def test_a_room_that_is_over_is_refused_alike(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.person("ada")
    room = await ada.new_room(await ada.new_chat())
    await ada.must("POST", f"/rooms/{room}/end")
    around, through = await _both(house, monkeypatch, request(ada, f"/rooms/{room}/join", b"{}"))
    assert around == through
    assert around[1]["code"] == "ROOM_ENDED"


@pytest.mark.parametrize("proof", ["", "guessed", "known"])
async def test_a_browsers_cookie_wants_its_proof_alike(
    house: House, proof: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben, path = await _room(house)
    token = _session(ben)["Authorization"].removeprefix("Bearer ")
    known = csrf_token(token)
    cookies = {"Cookie": f"{SESSION_COOKIE}={token}; {CSRF_COOKIE}={known}", "Authorization": ""}
    headers = JSON | cookies | {CSRF_HEADER: known if proof == "known" else proof}
    around, through = await _both(house, monkeypatch, request(ben, path, b"{}", headers))
    assert around == through
    assert around[0].startswith(b"HTTP/1.1 200 " if proof == "known" else b"HTTP/1.1 403 ")


async def test_a_crash_is_told_alike(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ben, path = await _room(house)

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr(type(house.services.rooms), "join", crash)
    around, through = await _both(house, monkeypatch, request(ben, path, b"{}"))
    assert around == through
    assert around[1]["code"] == "INTERNAL_ERROR"


def _left_to_the_framework(line: Line) -> asyncio.Queue[str]:
    """The paths of what comes to the framework from now on."""
    seen, framework = asyncio.Queue[str](), line.server.app

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        seen.put_nowait(scope["path"])
        await framework(scope, receive, send)

    line.server.app = counted
    return seen


async def test_a_plain_join_goes_around_the_framework(house: House) -> None:
    ben, path = await _room(house)
    line = Line(house)
    seen = _left_to_the_framework(line)
    line.say(request(ben, path, b"{}"))
    assert _statuses(await line.hear()) == [200]
    assert seen.empty()


@pytest.mark.parametrize(
    "unusual",
    [
        (b"POST", b"PUT"),
        (b"/join", b"/join?a=b"),
        (b"/join", b"/leave"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Host:", b"Expect: 100-continue\r\nHost:"),
        (b"Content-Length: 2", b"Content-Length: 1025"),
        (b"Content-Length: 2", b"Transfer-Encoding: chunked"),
        (b"Host:", b"Authorization: Bearer another\r\nHost:"),
        (b"Host:", b"Connection: upgrade\r\nUpgrade: h2c\r\nHost:"),
    ],
    ids=str,
)
async def test_what_is_not_plain_is_left_to_the_framework(house: House, unusual: tuple[bytes, bytes]) -> None:
    ben, path = await _room(house)
    line = Line(house)
    seen = _left_to_the_framework(line)
    line.say(request(ben, path, b"{}").replace(*unusual))
    assert (await seen.get()).startswith("/api/v1/rooms/")
    line.hang_up()
    await line.settled()


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben, path = await _room(house)
    asked = request(ben, path, b"{}").replace(b"Content-Length: 2", b"Content-Length: 9999999")
    around, through = await _both(house, monkeypatch, asked)
    assert around == through
    assert around[0].startswith(b"HTTP/1.1 413 ")


async def test_a_join_in_pieces_is_one_join(house: House) -> None:
    ben, path = await _room(house)
    line, asked = Line(house), request(ben, path, b'{"take_over": false}')
    line.say(*(asked[at : at + 1] for at in range(len(asked))))
    assert _statuses(await line.hear()) == [200]


async def test_one_connection_joins_again_and_again(house: House) -> None:
    ben, path = await _room(house)
    line = Line(house)
    for body in (b"{}", b"[]", b"{}"):
        line.say(request(ben, path, body))
        assert _statuses(await line.hear()) == [422 if body == b"[]" else 200]
    assert not line.closed
    assert line.server.timeout_keep_alive_task is not None


async def test_what_is_asked_in_a_row_is_answered_in_that_row(house: House) -> None:
    ben, path = await _room(house)
    line = Line(house)
    leave = request(ben, path.replace("join", "leave"), b"").replace(b"POST", b"GET")
    line.say(request(ben, path, b"{}") + request(ben, path, b"[]") + leave + request(ben, path, b"{}"))
    answers = [await line.hear() for _ in range(4)]
    assert _statuses(*answers) == [200, 422, 405, 200]


async def test_who_is_gone_before_the_wish_was_whole_does_not_join(house: House) -> None:
    ben, path = await _room(house)
    line = Line(house)
    line.say(request(ben, path, b"{}")[:-1])
    line.hang_up()
    await line.settled()
    assert line.written == b""
    assert line.state.tasks == set()
    assert line.state.connections == set()


async def test_who_is_gone_before_the_answer_has_joined(house: House) -> None:
    ben, path = await _room(house)
    cleo, line = await house.person("cleo"), Line(house)
    line.say(request(cleo, path, b"{}"))
    line.hang_up()
    await line.settled()
    assert line.written == b""
    page = await ben.must("GET", path.replace("join", "participants"))
    assert "Cleo" in [one["persona"]["name"] for one in page["items"]]


async def test_an_answer_waits_for_who_reads_slowly(house: House) -> None:
    ben, path = await _room(house)
    line = Line(house)
    line.server.pause_writing()
    line.say(request(ben, path, b"{}"))
    other = Line(house)
    other.say(request(ben, path, b"{}"))
    assert _statuses(await other.hear()) == [200]
    assert line.written == b""
    line.server.resume_writing()
    assert _statuses(await line.hear()) == [200]


@pytest.mark.parametrize("said", [0, -1, None], ids=["nothing", "half", "all"])
async def test_a_server_that_stops_answers_what_was_begun(house: House, said: int | None) -> None:
    ben, path = await _room(house)
    line, asked = Line(house), request(ben, path, b"{}")
    line.say(asked[:said])
    line.server.shutdown()
    assert line.closed == (said == 0)
    if said == 0:
        return
    line.say(asked[said:] if said else b"")
    answer = await line.hear()
    assert _statuses(answer) == [200]
    assert b"\r\nconnection: close\r\n" in answer
    assert line.closed
