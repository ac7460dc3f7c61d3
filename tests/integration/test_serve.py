"""`palabre serve` as a process: from nothing to an event stream, and what it says when it cannot start."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("palabre._engine", reason="the engine is not built: run `make engine-dev`")

COMMAND = [sys.executable, "-m", "palabre", "serve"]
WAIT_S = 30


def _environ(data: Path, **settings: str) -> dict[str, str]:
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PALABRE_")}
    ports = {"HTTP_PORT": "0", "EDGE_PORT": "0", "MEDIA_PORT": "0", "HTTP_HOST": "127.0.0.1"}
    return bare | {f"PALABRE_{key}": value for key, value in ({"DATA": str(data)} | ports | settings).items()}


class Server:
    """One process; `address` is where it says it is."""

    def __init__(self, data: Path, **settings: str) -> None:
        environ = _environ(data, **settings)
        self.process = subprocess.Popen(COMMAND, env=environ, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://\S+", line):
                self.address = found[0].replace("localhost", "127.0.0.1")
                return
        raise AssertionError(f"it ended with {self.process.wait()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(WAIT_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


class Person:
    """Somebody who asks the server by real HTTP."""

    def __init__(self, server: Server, handle: str) -> None:
        self.http = httpx.Client(base_url=f"{server.address}/api/v1", timeout=WAIT_S)
        who = {"handle": handle, "password": "correct horse battery"}
        self.post("/accounts", {**who, "display_name": handle.capitalize()})
        token = self.post("/sessions", who)["token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def _first_event(url: str, ticket: str) -> tuple[str, Any]:
    headers = {"Authorization": f"Bearer {ticket}"}
    with httpx.stream("GET", url, headers=headers, timeout=WAIT_S) as stream:
        assert stream.status_code == 200
        event = ""
        for line in stream.iter_lines():
            if line.startswith("event:"):
                event = line.removeprefix("event:").strip()
            if line.startswith("data:"):
                return event, json.loads(line.removeprefix("data:"))
    raise AssertionError("the stream ended without an event")


def test_from_nothing_to_the_rooms_event_stream(server: Server) -> None:
    ada = Person(server, "ada")
    chat = ada.post("/chats", {"kind": "channel", "title": "Night Radio"})["id"]
    room = ada.post(f"/chats/{chat}/rooms", {"title": "Friday"})["id"]
    entry = ada.post(f"/rooms/{room}/join", {})
    event, snapshot = _first_event(entry["edge"]["events"], entry["ticket"])
    assert event == "snapshot"
    assert snapshot["room"]["title"] == "Friday"
    assert [row["id"] for row in snapshot["participants"]] == [entry["participant_id"]]
    hints = ada.post(f"/chats/{chat}/events-ticket")
    assert _first_event(hints["events"], hints["ticket"])[0] == "snapshot"


def test_after_a_kill_the_room_is_live_again_with_the_same_people(server: Server, tmp_path: Path) -> None:
    ada = Person(server, "ada")
    chat = ada.post("/chats", {"kind": "group", "title": "Night Radio"})["id"]
    room = ada.post(f"/chats/{chat}/rooms", {})["id"]
    before = ada.post(f"/rooms/{room}/join", {})
    server.stop(signal.SIGKILL)
    again = Server(tmp_path)
    try:
        ada.http.base_url = httpx.URL(f"{again.address}/api/v1")
        after = ada.post(f"/rooms/{room}/join", {})
    finally:
        again.stop()
    assert after["participant_id"] == before["participant_id"]


def test_the_server_takes_all_the_files_the_system_lets_it_have(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        server = Server(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    server.stop()


def test_decisions_step_back_behind_voices(server: Server) -> None:
    tasks = Path(f"/proc/{server.process.pid}/task")
    nice = {(task / "comm").read_text().strip(): _nice(task) for task in tasks.iterdir()}
    assert nice["palabre-media-0"] < _nice(tasks / str(server.process.pid))


def _nice(task: Path) -> int:
    """The 19th field of proc(5), stat; the second may hold anything in its brackets."""
    return int((task / "stat").read_text().rpartition(")")[2].split()[16])


def test_a_signal_to_stop_ends_it_in_order(server: Server) -> None:
    assert server.stop() == 0


def test_behind_a_proxy_everybody_has_the_limits_of_an_address_of_their_own(tmp_path: Path) -> None:
    running = Server(tmp_path, LIMIT_ADDRESS_BURST="1", LIMIT_ADDRESS_REQUESTS_PER_S="0.01")

    def status(sender: str) -> int:
        headers = {"X-Forwarded-For": sender}
        return httpx.post(f"{running.address}/api/v1/sessions", headers=headers, timeout=WAIT_S).status_code

    try:
        assert [status(sender) for sender in ("203.0.113.1", "203.0.113.2")] == [422, 422]
        assert status("10.0.0.1, 203.0.113.2") == 429
    finally:
        running.stop()


def test_behind_a_proxy_of_this_machine_the_media_still_listens_on_every_address(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Server(tmp_path, HTTP_HOST="127.0.0.1", MEDIA_PORT=str(port))
    try:
        with socket.socket(type=socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.2", port))
    finally:
        running.stop()


def _said(environ: dict[str, str]) -> str:
    ended = subprocess.run(COMMAND, env=environ, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert ended.returncode == 1, ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    return ended.stderr


def test_a_port_in_use_is_said_in_one_line_with_the_remedy(tmp_path: Path) -> None:
    for kind, setting in (
        (socket.SOCK_STREAM, "HTTP_PORT"),
        (socket.SOCK_STREAM, "EDGE_PORT"),
        (socket.SOCK_DGRAM, "MEDIA_PORT"),
    ):
        with socket.socket(type=kind) as other:
            other.bind(("127.0.0.1", 0))
            if kind is socket.SOCK_STREAM:
                other.listen()
            port = str(other.getsockname()[1])
            said = _said(_environ(tmp_path, **{setting: port}))
        assert port in said
        assert f"PALABRE_{setting}" in said


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert "PALABRE_DATA" in _said(_environ(tmp_path / "file" / "data"))


def test_a_misspelt_setting_stops_the_start(tmp_path: Path) -> None:
    said = _said(_environ(tmp_path) | {"PALABRE_HTTP_PROT": "80"})
    assert "PALABRE_HTTP_PORT" in said


def test_a_database_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/none?host={tmp_path}"
    said = _said(_environ(tmp_path, DATABASE_URL=url))
    assert "database" in said
