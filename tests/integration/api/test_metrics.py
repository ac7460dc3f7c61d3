"""What the operator's programs read."""

import socket

from tests.integration.api.people import House


async def _counters(house: House) -> dict[str, float]:
    answer = await house.visitor().http.get("/metrics")
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
