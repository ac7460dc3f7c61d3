"""What the operator's programs read."""

import socket
from pathlib import Path

import httpx
import pytest

from palabre.api.metrics import may_read
from tests.integration.api.people import House, opened


async def _asked_from(house: House, address: str, forwarded: bytes | None = None) -> httpx.Response:
    transport = httpx.ASGITransport(app=house.app, client=(address, 40000))
    headers = {} if forwarded is None else {b"X-Forwarded-For": forwarded}
    async with httpx.AsyncClient(transport=transport, base_url="http://palabre.test") as http:
        return await http.get("/metrics", headers=headers)


async def _counters(house: House) -> dict[str, float]:
    answer = await _asked_from(house, "127.0.0.1")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in answer.text.splitlines())}


async def test_rooms_people_and_the_engines_own_numbers_are_in_the_metrics(house: House) -> None:
    ada, ben = await house.person("ada"), await house.person("ben")
    room = await ada.new_room(await ada.new_chat("channel"))
    await ben.join(room)
    counters = await _counters(house)
    assert (counters["palabre_live_rooms"], counters["palabre_participants"]) == (1, 1)
    assert counters["palabre_media_sessions"] == 0
    await ben.must("POST", f"/rooms/{room}/leave")
    assert (await _counters(house))["palabre_participants"] == 0


async def test_what_the_process_holds_is_in_the_metrics(house: House) -> None:
    counters = await _counters(house)
    assert counters["process_resident_memory_bytes"] > 1e7
    for name in ("process_open_fds", "process_threads", "process_cpu_seconds_total", "palabre_tasks"):
        assert counters[name] > 0, name
    with socket.socket():
        assert (await _counters(house))["process_open_fds"] == counters["process_open_fds"] + 1


async def test_metrics_are_for_the_machine_itself_until_others_are_named(house: House) -> None:
    refused = await _asked_from(house, "198.51.100.7")
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")
    assert "PALABRE_METRICS_FOR" in refused.json()["detail"]
    assert (await _asked_from(house, "::1")).status_code == 200


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_who_comes_through_a_proxy_has_not_its_rights(house: House, proxy: str) -> None:
    assert (await _asked_from(house, proxy)).status_code == 200
    for forwarded in (b"203.0.113.5", b"\xff, 203.0.113.5", b"203.0.113.5:4711", b"unknown", b"\xff", b""):
        assert (await _asked_from(house, proxy, forwarded)).status_code == 403, forwarded


async def test_behind_a_proxy_everybody_has_a_rate_of_their_own(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_address_burst="1", limit_address_requests_per_s="0.01") as house:
        senders = (b"203.0.113.5", b"203.0.113.6", b"203.0.113.5:4711")
        answers = [await _asked_from(house, "::ffff:127.0.0.1", sender) for sender in senders]
    assert [answer.status_code for answer in answers] == [403, 403, 429]


async def test_the_operator_names_networks_that_may_read_the_metrics(tmp_path: Path) -> None:
    async with opened(tmp_path, metrics_for="198.51.100.0/24, 2001:db8::7") as house:
        assert (await _asked_from(house, "198.51.100.7")).status_code == 200
        assert (await _asked_from(house, "2001:db8::7")).status_code == 200
        assert (await _asked_from(house, "127.0.0.1")).status_code == 403


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("::ffff:192.0.2.1", True), ("192.0.2.1", True), ("192.0.3.1", False), ("unknown", False)],
)
def test_an_address_is_in_a_network_however_it_is_written(address: str, allowed: bool) -> None:
    assert may_read(address, ["192.0.2.0/24"]) is allowed
