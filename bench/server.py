"""The server under measurement: `palabre serve` on free ports and fresh data, kept on one core."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.namespace import Network

START_WITHIN_S = 60

# One machine plays everybody, so what is granted to one address must not be what is measured.
UNLIMITED = {
    f"PALABRE_LIMIT_{name}": "1000000"
    for name in (
        "ADDRESS_REQUESTS_PER_S",
        "ADDRESS_BURST",
        "ACCOUNT_REQUESTS_PER_S",
        "ACCOUNT_BURST",
        "SIGN_INS_PER_MINUTE",
        "SIGN_IN_BURST",
        "SIGN_UPS_PER_MINUTE",
        "SIGN_UP_BURST",
        "CHATS_PER_ACCOUNT",
        "LIVE_ROOMS",
        "PARTICIPANTS",
    )
}


@dataclass(frozen=True)
class Cpu:
    """CPU time since the process began, seconds, told apart by who used it."""

    media_s: float
    """The engine's shards: all that happens per packet."""
    edge_s: float
    """The engine's HTTP: signalling and event streams."""
    python_s: float
    """Everything else: the API and what decides."""

    @property
    def total_s(self) -> float:
        return self.media_s + self.edge_s + self.python_s

    def since(self, before: "Cpu") -> "Cpu":
        return Cpu(
            self.media_s - before.media_s, self.edge_s - before.edge_s, self.python_s - before.python_s
        )


@dataclass(frozen=True)
class Process:
    """What the kernel knows of a process."""

    pid: int

    def cpu(self) -> Cpu:
        """What each kind of thread has used; nanoseconds in the kernel's books (proc(5), schedstat)."""
        media = edge = python = 0.0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            name = (task / "comm").read_text()
            spent_s = int((task / "schedstat").read_text().split()[0]) / 1e9
            if name.startswith("palabre-edge"):
                edge += spent_s
            elif name.startswith("palabre-"):
                media += spent_s
            else:
                python += spent_s
        return Cpu(media, edge, python)

    def resident_kb(self) -> int:
        """Memory in use."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        if found is None:
            raise RuntimeError(f"the kernel says nothing of the memory of {self.pid}")
        return int(found[1])


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: Process
    url: str
    data: Path


@contextmanager
def running(folder: Path, network: Network, core: int | None) -> Iterator[Server]:
    """Starts a server, waits until it answers, and stops it."""
    folder.mkdir(exist_ok=True)
    http_port = _free_port(socket.SOCK_STREAM)
    address, data = network.server_address, folder / "data"
    environment = UNLIMITED | {
        "PALABRE_DATA": str(data),
        "PALABRE_HTTP_HOST": address,
        "PALABRE_HTTP_PORT": str(http_port),
        "PALABRE_EDGE_PORT": str(_free_port(socket.SOCK_STREAM)),
        "PALABRE_MEDIA_PORT": str(_free_port(socket.SOCK_DGRAM)),
        "PALABRE_MEDIA_ADDRESSES": address,
    }
    with (folder / "server.log").open("wb") as log:
        pinned = [] if core is None else ["taskset", "-c", str(core)]
        command = [*network.server_prefix, *pinned, sys.executable, "-m", "palabre", "serve"]
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
    try:
        url = f"http://{address}:{http_port}"
        _wait_until_it_answers(process, url, folder / "server.log")
        yield Server(Process(process.pid), url, data)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/api/v1/openapi.json", timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"the server does not answer:\n{log.read_text()[-3000:]}")


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
