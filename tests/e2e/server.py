"""The real server in a process of its own: `palabre serve` on free ports with a data folder that lasts."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.browsers import eventually

PASSWORD = "a long enough secret 7"


@dataclass
class Server:
    """Started, killed and started again on the same ports and data, like a machine that lost its power."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    ports: dict[str, int] = field(default_factory=lambda: free_ports())
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.ports['HTTP_PORT']}"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        given = {**self.ports, "DATA": self.folder / "data", **self.settings}
        settings = {f"PALABRE_{name}": str(value) for name, value in given.items()}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("palabre"), "serve"],
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, within_s=30, what=f"the server to answer (see {self.log})")

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log.read_text()[-4000:]}")
        try:
            return httpx.get(f"{self.url}/api/v1/openapi.json", timeout=2).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """SIGKILL: no goodbye, no flush."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process = None


class Program:
    """A program with a bearer token, for what a test wants to know beside what the pages show."""

    def __init__(self, url: str, handle: str, password: str) -> None:
        self._origin = url
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=20)
        body = {"handle": handle, "password": password, "transport": "bearer"}
        answer = self._http.post("/sessions", json=body).raise_for_status().json()
        self.account: dict[str, Any] = answer["account"]
        self._http.headers["Authorization"] = f"Bearer {answer['token']}"

    def get(self, path: str) -> Any:
        return self._http.get(path).raise_for_status().json()

    def post(self, path: str, body: dict[str, object] | None = None) -> Any:
        answer = self._http.post(path, json=body).raise_for_status()
        return answer.json() if answer.content else None

    def patch(self, path: str, body: dict[str, object]) -> Any:
        return self._http.patch(path, json=body).raise_for_status().json()

    def join(self, room: str) -> dict[str, Any]:
        """Enter as oneself: the ticket and the edge's addresses."""
        me = {"kind": "account", "id": self.account["id"]}
        return dict(self.post(f"/rooms/{room}/join", {"as": me}))

    def audio(self, url: str) -> bytes:
        return self._http.get(f"{self._origin}{url}").raise_for_status().content

    def saved_voice_messages(self) -> list[dict[str, Any]]:
        """The voice messages of the account's Saved Messages, newest first."""
        saved = next(chat for chat in self.get("/chats")["items"] if chat["kind"] == "saved")
        messages = self.get(f"/chats/{saved['id']}/messages")["items"]
        return [message for message in messages if message["kind"] == "voice"]


def sign_up(url: str, handle: str, name: str) -> Program:
    """A new account that no page knows of."""
    body = {"handle": handle, "display_name": name, "password": PASSWORD}
    httpx.post(f"{url}/api/v1/accounts", json=body, timeout=20).raise_for_status()
    return Program(url, handle, PASSWORD)


def free_ports() -> dict[str, int]:
    return {
        "HTTP_PORT": free_port(socket.SOCK_STREAM),
        "EDGE_PORT": free_port(socket.SOCK_STREAM),
        "MEDIA_PORT": free_port(socket.SOCK_DGRAM),
    }


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
