"""The raw limits: the least that any server has to do for what is measured, on the same cores in the same run."""

import json
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.crowd import Bench
from bench.generator import started
from bench.server import Process

EVENT_BYTES = 300
"""A changed title, as an event."""


@dataclass(frozen=True)
class Sending:
    """Encrypting for each listener and sending, and nothing else."""

    us_per_packet: float
    """CPU."""
    kb_per_listener: float
    """Resident: a key and an address."""

    def listeners(self, packets_per_s: float) -> float:
        """What a core would hold that did nothing else."""
        return 1e6 / self.us_per_packet / packets_per_s

    def burst_ms(self, packets: float) -> float:
        """From the first to the last of so many packets."""
        return packets * self.us_per_packet / 1e3


def sending(bench: Bench, listeners: int) -> Sending:
    first = bench.network.first_listener
    with started("sink", *bench.home, core=bench.generator_core) as sink:
        to = f"{first or '127.1.0.0'}:{sink.until('receiving')['port']}"
        arguments = ("raw", "--listeners", listeners, "--seconds", bench.size.seconds, "--to", to)
        with started(*arguments, core=bench.server_core, prefix=bench.network.server_prefix) as raw:
            measured = raw.until("measured")
    return Sending(float(measured["cpu_us_per_packet"]), float(measured["bytes_per_listener"]) / 1e3)


def handshakes_per_s(bench: Bench) -> float:
    """The public-key cryptography of so many handshakes takes one core a second."""
    arguments = ("raw-handshakes", "--seconds", bench.size.settle_s)
    with started(*arguments, core=bench.server_core) as raw:
        return float(raw.until("measured")["per_second"])


def event_ms(bench: Bench, streams: int) -> float:
    """The same bytes written to so many sockets: from the first write until the last reader has them, median."""
    address = bench.network.server_address
    events = max(2, int(bench.size.seconds))
    options = ("--bind", f"{address}:0", "--streams", streams, "--events", events, "--bytes", EVENT_BYTES)
    prefix = bench.network.server_prefix
    with started("raw-streams", *options, core=bench.server_core, prefix=prefix) as raw:
        door = {"url": f"http://{address}:{raw.until('listening')['port']}/events", "token": ""}
        doors = bench.folder / "raw-streams"
        doors.write_text(f"{json.dumps(door)}\n" * streams)
        watch = ("watch", "--entrances", doors, *bench.home, "--seconds", events)
        with started(*watch, core=bench.generator_core) as watching:
            seen = {change["id"]: change for change in watching.until("watched")["changes"]}
        begun = raw.until("told")["begun_ns"]
    whole = [(at, seen[n]) for n, at in enumerate(begun, 1) if n in seen and seen[n]["streams"] == streams]
    if not whole:
        raise RuntimeError("no event reached all streams of the raw limit")
    return statistics.median((change["last_ns"] - at) / 1e6 for at, change in whole)


def idle_percent(bench: Bench) -> float:
    """CPU of a process that only sleeps."""
    sleeping: Sequence[str] = ("sleep", str(bench.size.seconds + 5))
    with subprocess.Popen(sleeping) as process:
        try:
            before = Process(process.pid).cpu()
            time.sleep(bench.size.seconds)
            return 100 * Process(process.pid).cpu().since(before).total_s / bench.size.seconds
        finally:
            process.terminate()
