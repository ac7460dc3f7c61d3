"""What is measured of the engine alone, one function each."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import janus_server
from bench.generator import SPEECH, Figures, Generator, started
from bench.namespace import Network, dropped_between_cores
from bench.rows import Results
from bench.server import Cpu, Process
from bench.stage import Stage, engine_alone

# Enough to notice bad packets; the generator's core stays free to receive.
DECRYPT_ONE_IN = 50
# More is a server that does not keep up.
MAX_LOST_PERCENT = 0.1
SETTLED_AFTER_S = 30
"""Handshakes are forgotten by then."""
FORWARDED = ("--lines", 3)
"""Slots, 20 ms a packet, whatever the room's size."""
AS_THE_WEB = ("--lines", 4)
"""Slots and the mix: the room's size decides."""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    seconds: float
    packets: tuple[int, ...]
    """Numbers of listeners at which the cost of a packet is measured."""
    janus: int
    forwarded: tuple[int, int]
    """Listeners at 20 ms: where the search begins and ends."""
    packed: tuple[int, int]
    engine_joins: int
    joins: int
    listening: int
    """Who listens while others join."""
    streams: int
    idle_rooms: int


@dataclass(frozen=True)
class Bench:
    """Where everything runs."""

    folder: Path
    network: Network
    server_core: int | None
    generator_core: int | None
    size: Size
    results: Results

    @property
    def home(self) -> tuple[str, ...]:
        """Where the generator's listeners live."""
        first = self.network.first_listener
        return () if first is None else ("--addresses", first)

    def crowd(self, stage: Stage, listeners: int, *arguments: object) -> tuple[object, ...]:
        """The command for a crowd at the stage, with a speaker beside it."""
        speech = [word for path in SPEECH for word in ("--speech", path)]
        speaker = ("--whip", stage.whip["url"], "--whip-token", stage.whip["token"], *speech)
        return (*self.silent_crowd(stage, listeners), *speaker, *arguments)

    def silent_crowd(self, stage: Stage, listeners: int) -> tuple[object, ...]:
        """The command for a crowd that nobody speaks to."""
        who = ("crowd", "--entrances", stage.entrances(listeners), "--seconds", self.size.seconds)
        return (*who, *self.home, "--decrypt-one-in", DECRYPT_ONE_IN)

    @contextmanager
    def stage(self, listeners: int, **engine: int) -> Iterator[Stage]:
        with engine_alone(self.folder, self.network, self.server_core, listeners, **engine) as stage:
            yield stage


@dataclass(frozen=True)
class Listened:
    """One group of listeners: what they received, and what it cost."""

    figures: Figures
    cpu: Cpu
    server_dropped: int
    between_dropped: int

    @property
    def cpu_us_per_packet(self) -> float:
        return 1e6 * self.cpu.total_s / max(1, int(self.figures["received"]))

    @property
    def keeps_up(self) -> bool:
        """Nearly nothing was lost, and the last listener had its packet before the next one was due."""
        spread = self.figures["last_listener_after_first_ms"]["p99"] or 0.0
        return self.figures["lost_percent"] <= MAX_LOST_PERCENT and spread <= 20

    @property
    def is_the_servers(self) -> bool:
        """What was lost was not lost by the generator."""
        return self.figures["dropped_by_generator"] == 0 and self.between_dropped == 0


def listen(generator: Generator, process: Process) -> tuple[Figures, Listened]:
    """Waits for a crowd to join and to listen, and watches the server meanwhile."""
    joined = generator.until("joined")
    if joined["failed"]:
        print(f"  {joined['failed']} did not join: {joined['first_failure']}", file=sys.stderr)
    generator.until("measuring")
    cpu, dropped, between = process.cpu(), process.dropped(), dropped_between_cores()
    figures = generator.until("measured")
    spent = process.cpu().since(cpu)
    listened = Listened(figures, spent, process.dropped() - dropped, dropped_between_cores() - between)
    print(
        f"  {joined['listeners']} listeners: {spent.total_s / figures['seconds']:.0%} of a core, "
        f"{listened.cpu_us_per_packet:.2f} µs a packet, {figures['lost_percent']:.3f} % lost, "
        f"last after first {figures['last_listener_after_first_ms']['p99']} ms",
        file=sys.stderr,
    )
    return joined, listened


def packets(bench: Bench) -> None:
    """CPU per packet against the raw limit, at several sizes."""
    points: list[tuple[float, ...]] = []
    for listeners in bench.size.packets:
        with bench.stage(listeners) as stage:
            arguments = bench.crowd(stage, listeners, *FORWARDED)
            with started(*arguments, core=bench.generator_core) as generator:
                _, heard = listen(generator, stage.process)
        points.append((listeners, heard.cpu_us_per_packet, raw_limit(bench, listeners)))
    _, cost, raw = points[-1]
    what = f"server's CPU per delivered packet, {bench.size.packets[-1]} listeners, 20 ms, {bench.network.interface}"
    bench.results.add("cpu_per_packet_vs_raw", cost, "µs", what, raw, points)


def raw_limit(bench: Bench, listeners: int) -> float:
    """CPU µs per packet of encrypting for each listener and sending, and nothing else."""
    first = bench.network.first_listener
    with started("sink", *bench.home, core=bench.generator_core) as sink:
        to = f"{first or '127.1.0.0'}:{sink.until('receiving')['port']}"
        arguments = ("raw", "--listeners", listeners, "--seconds", bench.size.seconds, "--to", to)
        with started(*arguments, core=bench.server_core, prefix=bench.network.server_prefix) as raw:
            return float(raw.until("measured")["cpu_us_per_packet"])


def beside_janus(bench: Bench) -> None:
    """CPU per packet against Janus with as many listeners; nothing where Janus is not installed."""
    if not janus_server.is_installed() or bench.network.first_listener is None:
        print("  Janus is not installed, or there is no veth pair: left out", file=sys.stderr)
        return
    count, address = bench.size.janus, bench.network.server_address
    with janus_server.running(bench.folder, bench.network, bench.server_core) as janus:
        url = f"http://{address}:{janus_server.HTTP_PORT}/janus"
        crowd = ("--listeners", count, "--seconds", bench.size.seconds, "--addresses")
        where = ("--server", address, "--decrypt-one-in", DECRYPT_ONE_IN)
        command = ("janus", "--url", url, *crowd, bench.network.first_listener, *where)
        before_kb = janus.resident_kb()
        with started(*command, core=bench.generator_core) as generator:
            joined = generator.until("joined")
            grown_kb = janus.resident_kb() - before_kb
            generator.until("measuring")
            cpu = janus.cpu()
            figures = generator.until("measured")
            spent = janus.cpu().since(cpu)
    if not figures["received"]:
        raise RuntimeError(f"nobody heard Janus: {joined['first_failure']}")
    peer = 1e6 * spent.total_s / figures["received"]
    with bench.stage(count) as stage:
        arguments = bench.crowd(stage, count, *FORWARDED)
        with started(*arguments, core=bench.generator_core) as generator:
            _, heard = listen(generator, stage.process)
    what = f"the same beside Janus 1.1.2 ({count} listeners, {grown_kb / count:.0f} KB each there)"
    bench.results.add("cpu_per_packet_vs_janus", heard.cpu_us_per_packet, "µs", what, peer)


def engine_joins(bench: Bench) -> None:
    """Joins with prepared tickets, and what an established listener keeps in memory."""
    count, home = bench.size.engine_joins, bench.home
    with bench.stage(count) as stage:
        before_kb, cpu = stage.process.resident_kb(), stage.process.cpu()
        # Nobody speaks: sound for those who are in already would be measured too.
        arguments = (*bench.silent_crowd(stage, count), *AS_THE_WEB, "--settle", SETTLED_AFTER_S)
        with started(*arguments, core=bench.generator_core) as generator:
            joined = generator.until("joined")
            spent = stage.process.cpu().since(cpu)
            streams = ("watch", "--entrances", stage.streams(count), *home, "--seconds", SETTLED_AFTER_S)
            with started(*streams, core=bench.generator_core) as watch:
                watching = watch.until("watching")
                generator.until("measuring")
                grown_kb = stage.process.resident_kb() - before_kb
    rate, add = joined["joins_per_second"], bench.results.add
    add(
        "engine_joins_per_second",
        rate,
        "1/s",
        f"{count} joins with tickets prepared, WHEP to DTLS done, in silence",
    )
    own = joined["joined"] / spent.total_s
    add("engine_joins_per_second_of_server_cpu", own, "1/s", "the same per second of the engine's CPU")
    add("engine_join_p99_ms", joined["join_ms"]["p99"], "ms", "one of these joins in a hundred takes longer")
    kept = grown_kb / max(1, joined["joined"])
    what = f"resident memory grown by, {joined['joined']} listeners, {watching['open']} of them with an event stream"
    add("memory_per_listener_kb", kept, "KB", f"{what}, half a minute after they joined")


def forwarded(bench: Bench) -> None:
    """How many listeners one core serves at 20 ms."""
    search(bench, "listeners_one_core_20ms", bench.size.forwarded, FORWARDED, {})


def packed(bench: Bench) -> None:
    """How many listeners one core serves in packs of 120 ms, and how late the last of 20,000 hears."""
    search(bench, "listeners_one_core_packed", bench.size.packed, AS_THE_WEB, {"floor_frames": 6})


def latency(bench: Bench) -> None:
    """From a speaker's packet to the last of 100 listeners' packets."""
    with bench.stage(100) as stage:
        arguments = bench.crowd(stage, 100, *FORWARDED, "--settle", 2)
        with started(*arguments, core=bench.generator_core) as generator:
            _, heard = listen(generator, stage.process)
    _latency_row(bench, "added_latency_p99_ms_100", heard, 100)


def search(
    bench: Bench, name: str, bounds: tuple[int, int], lines: tuple[object, ...], engine: dict[str, int]
) -> None:
    """Adds listeners, a fifth more each time, until the server does not keep up."""
    count, most = bounds
    points: list[tuple[float, ...]] = []
    with bench.stage(most, **engine) as stage:
        arguments = bench.crowd(stage, most, *lines, "--first", count, "--settle", 3)
        with started(*arguments, core=bench.generator_core) as generator:
            while True:
                _, heard = listen(generator, stage.process)
                busy = 100 * heard.cpu.total_s / heard.figures["seconds"]
                spread = heard.figures["last_listener_after_first_ms"]["p99"]
                points.append((count, busy, spread or 0.0, float(heard.keeps_up)))
                if name.endswith("packed") and count == 20_000:
                    _latency_row(bench, "added_latency_p99_ms_20000", heard, count)
                if count >= most or not heard.keeps_up:
                    break
                more = min(most, max(count + 1, round(count * 1.2))) - count
                generator.tell(str(more))
                count += more
    held = max((int(point[0]) for point in points if point[-1]), default=0)
    blame = "" if heard.keeps_up or heard.is_the_servers else "; the generator lost packets first"
    most_said = "; more were not tried" if held == most else ""
    what = f"listeners without loss or lateness on one core, {bench.network.interface}{blame}{most_said}"
    bench.results.add(name, held, "", what, None, points)


def _latency_row(bench: Bench, name: str, heard: Listened, count: int) -> None:
    figures = heard.figures
    last, first = figures["frame_to_last_listener_ms"], figures["frame_to_first_listener_ms"]
    if not figures["frames_found"]:
        print("  no frame of the speaker was found again: no latency", file=sys.stderr)
        return
    how = "forwarded" if figures["forwarded"] else "mixed"
    what = f"speaker's packet in to the last of {count} listeners' packets out, beyond packing; {how}; "
    what += f"to the first listener {first['p99']} ms"
    points: list[tuple[float, ...]] = [(0.5, last["p50"]), (0.99, last["p99"]), (1.0, last["max"])]
    bench.results.add(name, last["p99"], "ms", what, None, points)
