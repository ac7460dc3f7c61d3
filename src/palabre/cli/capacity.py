"""`palabre doctor --capacity`: how many listeners this machine holds, and what ends first.

The cost of sending is measured here; what the server costs beyond it, and what a listener keeps in memory, was measured
by `make bench` (docs/bench.md).
"""

import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MARGIN = 1.25
"""Other machines, browsers that ask for more than the measurement's listeners, and sound that is louder."""
SERVER_OVER_RAW = 1.06 * MARGIN
"""The server's CPU per packet over the raw cost of sending (bench/results.json, `cpu_per_packet_vs_raw`)."""
KB_PER_LISTENER = 8.5 * MARGIN
"""Resident memory per listener with media and events (bench/results.json, `memory_per_listener_kb`)."""
BUSY = 0.8
"""Of a core; the rest is for joins, checks and reports."""
TICK_US = 20_000
"""In each tick a media thread serves its share of the listeners one after the other; who is last has to be served
before the next begins. Packets are late before they are lost."""
TICKS_PER_S = 50
OWN_FILES = 200
"""Files and sockets of the server itself."""
BURST_BYTES = 0.04 * 1280
"""What a listener needs of the receive buffer: a tenth of a second of its checks and reports, as the kernel counts."""

SEND_LISTENERS = 2000
"""Keys in turn while sending is measured: as many as do not fit into the nearest cache."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found out about a machine."""

    send_us: float
    """CPU time of encrypting and sending one packet."""
    shards: int
    memory_kb: int
    """Memory that programs may still take."""
    open_files: int
    receive_buffer: int
    """`net.core.rmem_max`, bytes."""


@dataclass(frozen=True, slots=True)
class Class:
    """A kind of listener."""

    name: str
    packets_per_s: float


CLASSES = (
    Class("each speaker forwarded, 20 ms", 50.0),
    Class("mix in packs of 60 ms", 1000 / 60),
    Class("mix in packs of 120 ms", 1000 / 120),
)


@dataclass(frozen=True, slots=True)
class Bound:
    """What ends at how many listeners, and how to raise it."""

    what: str
    listeners: int
    remedy: str


def bounds(machine: Machine, kind: Class) -> Sequence[Bound]:
    """Everything that ends, the first end first."""
    packet_us = machine.send_us * SERVER_OVER_RAW
    cpu = int(machine.shards * BUSY * 1e6 / packet_us / kind.packets_per_s)
    in_a_tick = int(machine.shards * TICK_US / packet_us * TICKS_PER_S / kind.packets_per_s)
    found = [
        Bound("CPU", cpu, "Give the media more cores with PALABRE_SHARDS, up to one less than there are."),
        Bound("time within a tick", in_a_tick, "More cores, as for CPU: they share the listeners of a tick."),
        Bound("memory", int(machine.memory_kb / KB_PER_LISTENER), "Add memory, or stop other programs."),
        Bound(
            "open files (a socket for each event stream)",
            max(0, machine.open_files - OWN_FILES),
            "Raise it: `ulimit -Hn 100000` as root, or LimitNOFILE=100000 in the systemd unit.",
        ),
        Bound(
            "receive buffer",
            int(machine.receive_buffer / BURST_BYTES),
            "Raise it: `sysctl -w net.core.rmem_max=4194304` (and in /etc/sysctl.d to keep it).",
        ),
    ]
    return sorted(found, key=lambda bound: bound.listeners)


def report(machine: Machine) -> str:
    """What to tell the operator."""
    lines = [
        f"Sending one packet takes {machine.send_us:.2f} µs of CPU here; the server takes about "
        f"{machine.send_us * SERVER_OVER_RAW:.1f} µs on each of {machine.shards} media thread(s).",
        "",
    ]
    for kind in CLASSES:
        first, *others = bounds(machine, kind)
        rest = ", ".join(f"{bound.what} {bound.listeners:,}" for bound in others)
        lines += [
            f"{kind.name}: {first.listeners:,} listeners. First comes {first.what} (then {rest}).",
            f"  {first.remedy}",
        ]
    return "\n".join(lines)


def this_machine(send_us: float, shards: int) -> Machine:
    """Reads what the kernel says. Linux."""
    # The server raises its own limit to the hard one.
    _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Machine(
        send_us=send_us,
        shards=shards,
        memory_kb=available_kb(Path("/proc/meminfo").read_text()),
        open_files=2**31 if open_files == resource.RLIM_INFINITY else open_files,
        receive_buffer=int(Path("/proc/sys/net/core/rmem_max").read_text()),
    )


def available_kb(meminfo: str) -> int:
    """`MemAvailable` of /proc/meminfo (proc(5)). Raises ValueError when it is not there."""
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.removesuffix("kB"))
    raise ValueError("/proc/meminfo does not say MemAvailable")
