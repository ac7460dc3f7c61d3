"""What is measured, one function each."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.generator import Figures, started
from bench.people import Account, sign_up, sign_up_many
from bench.rows import Results
from bench.server import Cpu, Server

# One listener in ten decrypts: enough to notice bad packets, and the generator's core stays free to receive.
DECRYPT_ONE_IN = 10


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    listeners: int
    seconds: float
    idle_rooms: int


@dataclass(frozen=True)
class Cores:
    """Where the server and the generator run; None leaves it to the kernel."""

    server: int | None
    generator: int | None


@dataclass(frozen=True)
class Listening:
    """One group of listeners: how they joined and what they received."""

    joined: Figures
    joining: Cpu
    grown_kb: int
    measured: Figures
    streaming: Cpu


def idle(server: Server, size: Size, results: Results) -> None:
    """CPU of rooms in which nobody is."""
    owner = sign_up(server.url)
    for number in range(size.idle_rooms):
        owner.open_room(f"idle {number}")
    time.sleep(1)
    before = server.cpu()
    time.sleep(size.seconds)
    percent = 100 * server.cpu().since(before).total_s / size.seconds
    results.add("idle_cpu_percent", percent, "%", f"server CPU with {size.idle_rooms} idle rooms")


def joins_through_the_api(
    server: Server, room: str, size: Size, cores: Cores, results: Results
) -> list[Account]:
    """Join → ticket → WHEP → ICE → DTLS → first packet, then a while of listening."""
    people = sign_up_many(server.url, size.listeners)
    heard = listen(server, [one.entrance(room) for one in people], size, cores)
    joins = heard.joined["joined"]
    rate, limit = heard.joined["joins_per_second"], joins / heard.joining.total_s
    results.add("joins_per_second", rate, "1/s", "complete joins, the HTTP join to the first packet heard")
    results.add(
        "joins_per_second_of_server_cpu",
        limit,
        "1/s",
        "the same per second of the server's CPU: its own limit",
    )
    results.add("join_p99_ms", heard.joined["join_ms"]["p99"], "ms", "one join in a hundred takes longer")
    per_listener = heard.grown_kb / joins
    results.add(
        "memory_per_listener_kb", per_listener, "KB", "resident memory the server grew by, per listener"
    )
    raw = raw_limit(size, cores)
    _stream_rows(heard, raw, results)
    return people


def joins_of_the_engine(
    server: Server, room: str, people: Sequence[Account], size: Size, cores: Cores, results: Results
) -> None:
    """The engine's part alone, with tickets prepared; and the cost per packet at several sizes."""
    for count in sorted({max(1, len(people) // part) for part in (8, 4, 2, 1)}):
        print(f"  {count} listeners", file=sys.stderr)
        # Anew each time: whoever is not connected for some seconds has left the room.
        doors = [one.door(room, "whep") for one in people[:count]]
        heard = listen(server, doors, size, cores)
        smaller = Size(count, size.seconds, 0)
        packet_us = 1e6 * heard.streaming.media_s / heard.measured["received"]
        results.curve.append((count, packet_us, raw_limit(smaller, cores)))
    rate, joins = heard.joined["joins_per_second"], heard.joined["joined"]
    engine_s = heard.joining.media_s + heard.joining.edge_s
    results.add("engine_joins_per_second", rate, "1/s", "joins with tickets prepared, WHEP to first packet")
    results.add(
        "engine_joins_per_second_of_server_cpu",
        joins / engine_s,
        "1/s",
        "the same per second of the engine's CPU",
    )


def listen(server: Server, entrances: list[Figures], size: Size, cores: Cores) -> Listening:
    """Joins everybody, listens, and watches the server meanwhile. Raises when somebody could not join."""
    arguments = ("listen", "--entrances", "-", "--until-heard", "--seconds", size.seconds)
    sample = ("--decrypt-one-in", DECRYPT_ONE_IN)
    grown_kb, before = -server.resident_kb(), server.cpu()
    with started(*arguments, *sample, core=cores.generator, entrances=entrances) as generator:
        joined = generator.until("joined")
        joining = server.cpu().since(before)
        if joined["failed"]:
            raise RuntimeError(f"{joined['failed']} could not join; the first: {joined['first_failure']}")
        generator.until("measuring")
        before = server.cpu()
        measured = generator.until("measured")
        streaming = server.cpu().since(before)
        grown_kb += server.resident_kb()
    return Listening(joined, joining, grown_kb, measured, streaming)


def raw_limit(size: Size, cores: Cores) -> float:
    """CPU µs per packet of encrypting for each listener and sending, and nothing else."""
    arguments: tuple[object, ...] = ("raw", "--listeners", size.listeners, "--seconds", size.seconds)
    if cores.generator is not None:
        arguments += ("--receiver-core", cores.generator)
    with started(*arguments, core=cores.server) as generator:
        return float(generator.until("measured")["cpu_us_per_packet"])


def _stream_rows(heard: Listening, raw: float, results: Results) -> None:
    received, streaming = heard.measured["received"], heard.streaming
    total_us, media_us = 1e6 * streaming.total_s / received, 1e6 * streaming.media_s / received
    results.add("cpu_per_packet_vs_raw", total_us, "µs", "whole server's CPU per delivered packet", raw)
    results.add("engine_cpu_per_packet", media_us, "µs", "the media threads' share of it", raw)
    python = 100 * streaming.python_s / heard.measured["seconds"]
    results.add("python_cpu_percent", python, "%", "CPU of the Python part while everybody listens")
    results.add("lost_percent", heard.measured["lost_percent"], "%", "packets that listeners missed")
    jitter = heard.measured["jitter_ms"]["p99"]
    results.add(
        "jitter_p99_ms", jitter, "ms", "interarrival jitter (RFC 3550) of the worst listener in a hundred"
    )
