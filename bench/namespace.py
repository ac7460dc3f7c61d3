"""Two network namespaces with a veth pair between them: the server in one, the generator in the other.

On loopback the kernel does the receivers' work in the sender's time. Here each end's receive path has its own core, as
if the receivers were other machines (docs/adr/0026-measured-over-a-veth-pair.md). What comes to the server is steered
by the core that sends it (RPS). What comes to the listeners is fetched by a thread of theirs, at its own times: to wake
another core of a virtual machine costs the sender some microseconds, and RPS would do so for every third packet.
"""

import array
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER_ADDRESS = "10.78.0.1"
GENERATOR_ADDRESS = "10.78.0.2"
LISTENERS = "10.79.0.0/16"
FIRST_LISTENER = "10.79.0.1"
DEVICE = "/sys/class/net/toward"

PROC = Path("/proc")
CLONE_NEWNET = 0x40000000
# linux/sockios.h and linux/ethtool.h
SIOCETHTOOL = 0x8946
ETHTOOL_STSO, ETHTOOL_SGRO = 0x1F, 0x2C

# As cards moderate interrupts: after packets the thread looks every 100 µs, and sleeps when 20 ms brought none.
FETCHED = {"gro_flush_timeout": 100_000, "napi_defer_hard_irqs": 200, "threaded": 1}
# Above every program on its core, as a card's interrupt is: it empties a ring of 256 packets.
FETCHES_FIRST = os.sched_param(50)

# A burst to 20,000 listeners waits in the other core's queue; the default of 1,000 would lose most of it.
MACHINE_WIDE = {"net.core.netdev_max_backlog": "200000"}


@dataclass(frozen=True)
class Network:
    """How to run something on the server's side, and what that is called."""

    server_prefix: tuple[str, ...]
    """What the server's command line begins with. Everything else runs on the generator's side."""
    server_address: str
    first_listener: str | None
    """Where listeners' addresses begin, when the way to them had to be made; None on loopback."""

    @property
    def interface(self) -> str:
        return "loopback" if self.first_listener is None else "veth pair"


LOOPBACK = Network((), "127.0.0.1", None)


@contextmanager
def made(server_core: int | None, generator_core: int | None) -> Iterator[Network]:
    """A veth pair where one can be made, else loopback: it takes root, and containers often forbid it even then."""
    with ExitStack() as stack:
        try:
            network = stack.enter_context(veth(server_core, generator_core))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"  over loopback: there is no making a veth pair here ({error})", file=sys.stderr)
            network = LOOPBACK
        yield network


@contextmanager
def veth(server_core: int | None, generator_core: int | None) -> Iterator[Network]:
    """Makes both namespaces and takes them away again."""
    server, generator = f"palabre-s{os.getpid()}", f"palabre-g{os.getpid()}"
    before = {key: _sysctl(key) for key in MACHINE_WIDE}
    try:
        for key, value in MACHINE_WIDE.items():
            _set_sysctl(key, value)
        _make(server, generator)
        if server_core is not None:
            _steer(server, server_core)
        if generator_core is not None:
            _fetch(server, generator, generator_core)
        with _inside(generator):
            yield Network(("ip", "netns", "exec", server), SERVER_ADDRESS, FIRST_LISTENER)
    finally:
        for key, value in before.items():
            _set_sysctl(key, value)
        for space in (server, generator):
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)


def dropped_on_the_way(server_pid: int) -> int:
    """Packets lost between the two ends so far: by a core's queue (softnet_stat, second column, the whole machine's),
    or because the listeners' ring was full (what the server's end could not transmit)."""
    net = PROC / str(server_pid) / "net"
    full = sum(int(line.split()[1], 16) for line in (net / "softnet_stat").read_text().splitlines())
    ends = [line.split() for line in (net / "dev").read_text().splitlines()]
    return full + sum(int(end[12]) for end in ends if end[0] == "toward:")


def _make(server: str, generator: str) -> None:
    _ip("netns", "add", server)
    _ip("netns", "add", generator)
    _ip("link", "add", "toward", "netns", server, "type", "veth", "peer", "toward", "netns", generator)
    for space, address in ((server, SERVER_ADDRESS), (generator, GENERATOR_ADDRESS)):
        _ip("-n", space, "link", "set", "lo", "up")
        # A long queue instead of a policy: nothing between the two may drop.
        _ip("-n", space, "link", "set", "toward", "up", "txqueuelen", "100000")
        _ip("-n", space, "address", "add", f"{address}/30", "dev", "toward")
    # One socket owns all the listeners' addresses, and the server finds them behind one neighbour.
    _ip("-n", generator, "route", "add", "local", LISTENERS, "dev", "lo")
    _ip("-n", server, "route", "add", LISTENERS, "via", GENERATOR_ADDRESS)


def _steer(space: str, core: int) -> None:
    _write(space, "queues/rx-0/rps_cpus", f"{1 << core:x}")


def _fetch(server: str, generator: str, core: int) -> None:
    """A thread on that core fetches what comes to the generator (NAPI), instead of the sender bringing it."""
    # What finds the ring full waits in a queue, as long as the device's: the hypervisor stops either core at times.
    command = ["ip", "netns", "exec", server, "tc", "qdisc", "add", "dev", "toward", "root", "pfifo"]
    subprocess.run(command, check=True)
    # Without GRO there is no such ring at all; and whoever sends with TSO goes past it.
    for space, feature, on in ((generator, ETHTOOL_SGRO, 1), (server, ETHTOOL_STSO, 0)):
        with _inside(space):
            _set_feature(feature, on)
    before = _fetchers()
    for name, value in FETCHED.items():
        _write(generator, name, str(value))
    for thread in _fetchers() - before:
        os.sched_setaffinity(thread, {core})
        os.sched_setscheduler(thread, os.SCHED_FIFO, FETCHES_FIRST)


def _set_feature(command: int, on: int) -> None:
    """As ethtool(8) does, in this thread's namespace."""
    value = array.array("I", (command, on))
    request = struct.pack("16sQ16x", b"toward", value.buffer_info()[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)


def _fetchers() -> set[int]:
    """The kernel's threads that fetch packets of devices with our name."""
    threads = PROC.glob("[0-9]*/comm")
    return {int(path.parent.name) for path in threads if _read(path).startswith("napi/toward")}


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        # It ended meanwhile.
        return ""


def _write(space: str, name: str, value: str) -> None:
    # `ip netns exec` shows the namespace's own /sys.
    command = ["ip", "netns", "exec", space, "sh", "-c", f"echo {value} > {DEVICE}/{name}"]
    subprocess.run(command, check=True)


@contextmanager
def _inside(space: str) -> Iterator[None]:
    """This thread, and the threads and processes it starts, live in that namespace meanwhile (setns(2))."""
    with open("/proc/self/ns/net", "rb") as home, open(f"/run/netns/{space}", "rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(namespace: int) -> None:
    # os.setns is there from Python 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, stderr=subprocess.DEVNULL)


def _sysctl(key: str) -> str:
    return _path_of(key).read_text().strip()


def _set_sysctl(key: str, value: str) -> None:
    _path_of(key).write_text(value)


def _path_of(key: str) -> Path:
    return PROC / "sys" / key.replace(".", "/")
