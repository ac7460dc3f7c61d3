"""What is measured: the engine alone, with prepared tickets, on one core."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.engine_alone import ticket
from bench.generator import Figures
from bench.namespace import Network
from bench.server import Process


@dataclass(frozen=True)
class Stage:
    """A running engine with one room."""

    process: Process
    whip: Figures
    whep_url: str
    events_url: str
    folder: Path

    def entrances(self, count: int, *, after: int = 0, name: str = "entrances") -> Path:
        """A file with a WHEP door for each of `count` listeners, leaving out the first ones."""
        return self._doors(range(after, after + count), self.whep_url, name)

    def streams(self, count: int) -> Path:
        """The same for their event streams."""
        return self._doors(range(count), self.events_url, "streams")

    def _doors(self, numbers: range, url: str, name: str) -> Path:
        path = self.folder / name
        doors = ({"url": url, "token": ticket(f"listener_{number}")} for number in numbers)
        path.write_text("".join(f"{json.dumps(door)}\n" for door in doors))
        return path


@contextmanager
def engine_alone(
    folder: Path, network: Network, core: int | None, listeners: int, **engine: int
) -> Iterator[Stage]:
    """Starts the engine with these arguments and lets that many listeners in; stops it at the end."""
    arguments = ["--address", network.server_address, "--listeners", str(listeners)]
    arguments += ["--engine", json.dumps(engine)]
    pinned = [] if core is None else ["--core", str(core)]
    command = [*network.server_prefix, sys.executable, "-m", "bench.engine_alone", *arguments, *pinned]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the engine was started without pipes")
    try:
        doors = json.loads(process.stdout.readline())
        yield Stage(Process(doors["pid"]), doors["whip"], doors["whep"], doors["events"], folder)
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
