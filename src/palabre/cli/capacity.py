"""`palabre doctor --capacity`: how many listeners this machine holds, and what ends first.

The cost of sending is measured here; what the server costs beyond it, and what a listener keeps in memory, was measured
by `make bench` (docs/bench.md).
"""

import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

MARGIN = 1.25
"""Other machines, browsers that ask for more than the measurement's listeners, and sound that is louder."""
SERVER_OVER_RAW = 1.3 * MARGIN
"""The server's CPU per packet over the raw cost of sending. It differs from run to run and with the number of
listeners: this is the target, the bound that the benchmark has to keep (bench/rows.py, `cpu_per_packet_vs_raw`)."""
KB_PER_LISTENER = 8.5 * MARGIN
"""Resident memory per listener with media and events (bench/results.json, `memory_per_listener_kb`)."""
BUSY = 0.8
"""Of a core; the rest is for joins, checks and reports."""
TICK_US = 20_000
"""In each tick a media thread serves its share of the listeners one after the other; who is last has to be served
before the next begins. Packets are late before they are lost."""
TICKS_PER_S = 50
BURST_BYTES = 0.04 * 1280
"""What a listener needs of the receive buffer: a tenth of a second of its checks and reports, as the kernel counts."""

SEND_LISTENERS = 2000
"""Keys in turn while sending is measured: as many as do not fit into the nearest cache."""
MEASURED_S = 5.0
"""For so long."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found out about a machine."""

    send_us: float
    """CPU time of encrypting and sending one packet."""
    shards: int
    cores: int
    """Cores that this process may run on."""
    memory_kb: int
    """Memory that programs may still take."""
    event_streams: int
    """What the engine holds with the limit of open files."""
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
class Audience:
    """Where the listeners are, and what serves them there."""

    where: str
    threads: int
    more_cpu: str
    """How to raise what CPU bounds."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What ends at how many listeners, and how to raise it."""

    what: str
    listeners: int
    remedy: str


def audiences(machine: Machine) -> Sequence[Audience]:
    """All in one voice chat, or in several that are spread evenly over the media threads."""
    # More threads than cores share the cores.
    threads = min(machine.shards, machine.cores)
    more = (
        f"Give them more media threads with PALABRE_SHARDS, up to one less than the {machine.cores} cores."
        if machine.shards < machine.cores - 1
        else f"More cores: {machine.shards} media thread(s) take what {machine.cores} core(s) have to give."
    )
    return (
        Audience(
            "in one voice chat",
            1,
            "A faster core: one media thread serves a voice chat, and PALABRE_SHARDS does not help it.",
        ),
        Audience("on this server, in several voice chats", threads, more),
    )


def bounds(machine: Machine, kind: Class, audience: Audience) -> Sequence[Bound]:
    """Everything that ends, the first end first."""
    packet_us = machine.send_us * SERVER_OVER_RAW
    per_listener = packet_us * kind.packets_per_s
    cpu = int(audience.threads * BUSY * 1e6 / per_listener)
    in_a_tick = int(audience.threads * TICK_US * TICKS_PER_S / per_listener)
    found = [
        Bound("CPU", cpu, audience.more_cpu),
        Bound("time within a tick", in_a_tick, audience.more_cpu),
        Bound("memory", int(machine.memory_kb / KB_PER_LISTENER), "Add memory, or stop other programs."),
        Bound(
            "event streams (each is an open file)",
            machine.event_streams,
            "Raise it: `ulimit -Hn 100000` as root, or LimitNOFILE=100000 in the systemd unit; more than with that "
            "one server does not hold.",
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
        f"{machine.send_us * SERVER_OVER_RAW:.1f} µs on a media thread. There are {machine.shards} media thread(s) for "
        f"{machine.cores} core(s).",
    ]
    for kind in CLASSES:
        lines += ["", f"{kind.name}:"]
        for audience in audiences(machine):
            first, *others = bounds(machine, kind, audience)
            rest = ", ".join(f"{bound.what} {bound.listeners:,}" for bound in others)
            lines += [
                f"  {audience.where}: {first.listeners:,} listeners. First comes {first.what} (then {rest}).",
                f"    {first.remedy}",
            ]
    return "\n".join(lines)


def this_machine(send_us: float, shards: int, event_streams_within: Callable[[int], int]) -> Machine:
    """Reads what the kernel says. Linux."""
    # The server raises its own limit to the hard one.
    _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Machine(
        send_us=send_us,
        shards=shards,
        cores=len(os.sched_getaffinity(0)),
        memory_kb=available_kb(Path("/proc/meminfo").read_text()),
        event_streams=event_streams_within(2**31 if open_files == resource.RLIM_INFINITY else open_files),
        receive_buffer=int(Path("/proc/sys/net/core/rmem_max").read_text()),
    )


def available_kb(meminfo: str) -> int:
    """`MemAvailable` of /proc/meminfo (proc(5)). Raises ValueError when it is not there."""
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.removesuffix("kB"))
    raise ValueError("/proc/meminfo does not say MemAvailable")
