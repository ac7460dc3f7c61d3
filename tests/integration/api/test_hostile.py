"""Bad input of every kind: a clear refusal, never a crash."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.api import documented
from tests.integration.api.people import House, opened

NOISE: list[Any] = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    "\x00",
    "\ud7ff\U0010ffff",
    "x" * 10_000,
    "'; drop table accounts; --",
    "../../etc/passwd",
    [],
    {},
    [[[[]]]],
    {"kind": "channel", "id": "x"},
]


async def test_a_body_over_the_limit_is_refused_and_the_limit_named(house: House) -> None:
    ada = await house.person("ada")
    chat = await ada.new_chat()
    answer = await ada.ask("POST", f"/chats/{chat}/messages", {"text": "x" * 70_000})
    assert answer.status_code == 413
    assert answer.json()["limit"] == {"body_bytes": 65_536}


async def test_a_body_that_does_not_say_its_length_is_limited_too(house: House) -> None:
    ada = await house.person("ada")

    async def endless() -> Any:
        while True:
            yield b"x" * 16_384

    answer = await ada.ask("PATCH", "/me", content=endless())
    assert answer.json()["code"] == "BODY_TOO_LARGE"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"bio": 1}', b"", b"null", b'"x"'])
async def test_malformed_json_is_refused_with_what_to_change(house: House, body: bytes) -> None:
    ada = await house.person("ada")
    json = {"Content-Type": "application/json"}
    answer = await ada.ask("PATCH", "/me", content=body, headers=json)
    assert answer.json()["code"] == "INVALID_INPUT"
    assert answer.json()["errors"]


async def test_json_nested_too_deeply_is_refused(house: House) -> None:
    ada = await house.person("ada")
    json = {"Content-Type": "application/json"}
    assert await ada.refused("PATCH", "/me", content=b"[" * 30_000, headers=json) == "INVALID_INPUT"


async def test_too_many_requests_of_one_address_wait(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_address_burst="5", limit_address_requests_per_s="1") as house:
        visitor = house.visitor()
        answers = [await visitor.ask("GET", "/me") for _ in range(7)]
    assert [answer.status_code for answer in answers[:5]] == [401] * 5
    assert answers[-1].json()["limit"] == {"address_requests_per_s": 1}
    assert int(answers[-1].headers["Retry-After"]) == 1


async def test_too_many_requests_of_one_account_wait(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_account_burst="3") as house:
        ada = await house.person("ada")
        codes = [(await ada.ask("GET", "/me")).status_code for _ in range(12)]
    assert 429 in codes


async def test_no_operation_crashes_on_noise(tmp_path: Path) -> None:
    chance = random.Random(3)
    async with opened(tmp_path, limit_account_burst="100000", limit_address_burst="100000") as house:
        ada = await house.person("ada")
        chat = await ada.new_chat("group")
        room = await ada.new_room(chat)
        who = (await ada.join(room))["participant_id"]
        known = {"chat_id": chat, "room_id": room, "participant_id": who, "account_id": ada.id}
        for method, path, operation in _operations():
            if operation["operationId"] in {"signOut", "signIn", "signUp"}:
                continue
            for _ in range(6):
                address = _fill(path, known, chance)
                body = _noise(operation, chance)
                answer = await ada.ask(method, address, body, params=_query(operation, chance))
                assert answer.status_code < 500, f"{method} {address} {body!r}: {answer.text}"


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in documented.document()["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path.removeprefix("/api/v1"), operation


def _fill(path: str, known: dict[str, str], chance: random.Random) -> str:
    for name in ("chat_id", "room_id", "participant_id", "account_id", "message_id", "token"):
        value = (
            known.get(name, "x") if chance.random() < 0.8 else chance.choice(("x", "%00", "..%2f", "é" * 300))
        )
        path = path.replace(f"{{{name}}}", value)
    return path


def _noise(operation: dict[str, Any], chance: random.Random) -> Any:
    """Mostly an object with the right names and wrong values."""
    if "requestBody" not in operation:
        return None
    if chance.random() < 0.2:
        return chance.choice(NOISE)
    names = (
        "title",
        "text",
        "kind",
        "visibility",
        "handle",
        "as",
        "hands",
        "state",
        "rights",
        "for_s",
        "question",
    )
    return {name: chance.choice(NOISE) for name in names if chance.random() < 0.5}


def _query(operation: dict[str, Any], chance: random.Random) -> dict[str, str]:
    named = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
    return {name: str(chance.choice(NOISE)) for name in named if chance.random() < 0.7}
