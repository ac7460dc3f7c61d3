"""Two network namespaces with a veth pair between them: the server in one, the generator in the other.

On loopback the kernel does the receivers' work in the sender's time. Between the two ends of a veth pair each end's
receive path is steered to its own core (RPS), as if the receivers were other machines.
"""

import ctypes
import os
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

CLONE_NEWNET = 0x40000000

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
        for space, core in ((server, server_core), (generator, generator_core)):
            if core is not None:
                _steer(space, core)
        with _inside(generator):
            yield Network(("ip", "netns", "exec", server), SERVER_ADDRESS, FIRST_LISTENER)
    finally:
        for key, value in before.items():
            _set_sysctl(key, value)
        for space in (server, generator):
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)


def dropped_between_cores() -> int:
    """Packets that any core's queue had no room for, since the machine started (softnet_stat, second column)."""
    lines = Path("/proc/net/softnet_stat").read_text().splitlines()
    return sum(int(line.split()[1], 16) for line in lines)


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
    path = "/sys/class/net/toward/queues/rx-0/rps_cpus"
    # `ip netns exec` shows the namespace's own /sys.
    command = ["ip", "netns", "exec", space, "sh", "-c", f"echo {1 << core:x} > {path}"]
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
    return Path("/proc/sys") / key.replace(".", "/")
