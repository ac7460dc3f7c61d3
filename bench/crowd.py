"""A crowd at a stage: who listens, what they received, and what that cost the server."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.generator import SPEECH, Figures, Generator
from bench.namespace import Network, dropped_on_the_way
from bench.rows import Results
from bench.server import Cpu, Process
from bench.stage import Stage, engine_alone

# Enough to notice bad packets; the generator's core stays free to receive.
DECRYPT_ONE_IN = 50
# More is a server that does not keep up.
MAX_LOST_PERCENT = 0.1
MAX_SPREAD_MS = 20.0
"""The last listener has its packet before the next one is due."""
FORWARDED = ("--lines", 3)
"""Slots, 20 ms a packet, whatever the room's size."""
AS_THE_WEB = ("--lines", 4)
"""Slots and the mix: the room's size decides."""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    seconds: float
    """How long is measured each time, and before it:"""
    settle_s: float
    packets: tuple[int, ...]
    """Numbers of listeners at which the cost of a packet is measured."""
    rounds: int
    """So often each."""
    janus: int
    forwarded: tuple[int, int]
    """Listeners at 20 ms: where the search begins and ends."""
    packed: tuple[int, int]
    near: int
    """Listeners at 20 ms whose latency is measured."""
    far: int
    """Listeners of packs whose latency is measured."""
    engine_joins: int
    forgotten_after_s: float
    """Handshakes are forgotten by then."""
    joins: int
    listening: int
    """Who listens while others join."""
    streams: int
    idle_rooms: int
    flood: int
    """Half-open attempts of one address."""
    flood_joins: int
    """Who joins meanwhile."""


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
        settle = ("--settle", self.size.settle_s)
        return (*self.silent_crowd(stage, listeners), *speaker, *settle, *arguments)

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
    between_dropped: int

    @property
    def busy_percent(self) -> float:
        """Of one core."""
        return 100 * self.cpu.total_s / float(self.figures["seconds"])

    @property
    def spread_ms(self) -> float:
        """From the first listener's packet to the last one's, of one packet in a hundred at least."""
        return float(self.figures["last_listener_after_first_ms"]["p99"] or 0.0)

    @property
    def cpu_us_per_packet(self) -> float:
        return 1e6 * self.cpu.total_s / max(1, int(self.figures["received"]))

    @property
    def hearing(self) -> int:
        """Listeners who are connected and heard something."""
        heard = int(self.figures["listeners"]) - int(self.figures["silent_listeners"])
        return min(heard, int(self.figures["still_connected"]))

    @property
    def missed_percent(self) -> float:
        """Of what all of them should have received: who hears nothing has lost everything."""
        received = 1 - float(self.figures["lost_percent"]) / 100
        return 100 * (1 - received * self.hearing / max(1, int(self.figures["listeners"])))

    @property
    def keeps_up(self) -> bool:
        """Nearly nothing was missed, and nobody was late."""
        return self.missed_percent <= MAX_LOST_PERCENT and self.spread_ms <= MAX_SPREAD_MS

    @property
    def is_the_servers(self) -> bool:
        """What was lost was not lost by the generator."""
        return self.figures["dropped_by_generator"] == 0 and self.between_dropped == 0


def listen(generator: Generator, process: Process) -> tuple[Figures, Listened]:
    """Waits for a crowd to join and to listen, and watches the server meanwhile."""
    joined = generator.until("joined")
    if joined["failed"]:
        print(f"  {joined['failed']} did not join: {joined['first_failure']}", file=sys.stderr)
    if not joined["joined"]:
        raise RuntimeError(f"nobody could join: {joined['first_failure']}")
    generator.until("measuring")
    cpu, between = process.cpu(), dropped_on_the_way(process.pid)
    figures = generator.until("measured")
    if not figures["decrypted"] or figures["not_decrypted"]:
        raise RuntimeError(f"listeners did not get what they can decrypt: {figures}")
    figures["listeners"] = joined["listeners"]
    listened = Listened(figures, process.cpu().since(cpu), dropped_on_the_way(process.pid) - between)
    print(
        f"  {joined['listeners']} listeners: {listened.busy_percent:.0f} % of a core, "
        f"{listened.cpu_us_per_packet:.2f} µs a packet, {listened.missed_percent:.3f} % missed, "
        f"last after first {listened.spread_ms} ms",
        file=sys.stderr,
    )
    return joined, listened
