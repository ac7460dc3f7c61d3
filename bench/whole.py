"""What is measured of the whole server, one function each."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import raw
from bench.crowd import Bench
from bench.generator import SPEECH, Figures, started
from bench.people import Account, make_many, sign_up
from bench.server import running

SHORTEST_STORM_S = 1.0
"""A sentence's pause may be as long as that."""


def idle(bench: Bench) -> None:
    """CPU of rooms in which nobody is."""
    with running(bench.folder / "idle", bench.network, bench.server_core) as server:
        owner = sign_up(server.url)
        for number in range(bench.size.idle_rooms):
            owner.open_room(f"idle {number}")
        time.sleep(2)
        before = server.process.cpu()
        time.sleep(bench.size.seconds)
        percent = 100 * server.process.cpu().since(before).total_s / bench.size.seconds
    what = f"of one core, {bench.size.idle_rooms} rooms in which nobody is"
    bench.results.add("idle_cpu_percent", percent, "%", what, raw.idle_percent(bench))


@dataclass(frozen=True)
class Storm:
    """Joins beside people who listen already."""

    alone: Figures
    """What they heard before, during and after it:"""
    joined: Figures
    beside: Figures
    spent_s: float
    """The server's CPU meanwhile."""

    @property
    def joins_per_s(self) -> float:
        return float(self.joined["joins_per_second"])


def joins(bench: Bench) -> None:
    """Complete joins beside people who listen: ticket, WHEP, ICE, DTLS, first packet. The median storm counts."""
    storms = sorted((_storm(bench, n) for n in range(bench.size.rounds)), key=lambda storm: storm.joins_per_s)
    median = storms[len(storms) // 2]
    each = ", ".join(f"{storm.joins_per_s:.0f}" for storm in storms)
    _join_rows(bench, median, each)
    _sound_rows(bench, median)


def _storm(bench: Bench, number: int) -> Storm:
    size, folder = bench.size, bench.folder / f"joins{number}"
    with running(folder, bench.network, bench.server_core) as server:
        host = sign_up(server.url)
        room = host.open_room("the room that is joined", "channel")
        people = make_many(server, size.listening + size.joins)
        entrances = folder / "people"
        _write(entrances, [one.entrance(room) for one in people])
        arguments = _crowd(bench, entrances, host.door(room, "whip"), size.listening)
        with started(*arguments, core=bench.generator_core) as generator:
            generator.until("joined")
            alone = generator.until("measured")
            before = server.process.cpu()
            generator.tell(str(size.joins))
            joined = generator.until("joined")
            spent = server.process.cpu().since(before)
            beside = generator.until("measured")
    if not joined["joined"]:
        raise RuntimeError(f"nobody could join: {joined['first_failure']}")
    if joined["failed"]:
        print(f"  {joined['failed']} did not join: {joined['first_failure']}", file=sys.stderr)
    print(f"  {joined['joins_per_second']:.0f} joins a second", file=sys.stderr)
    return Storm(alone, joined, beside, spent.total_s)


def events(bench: Bench) -> None:
    """An event to thousands of streams: from the command's request to the last stream."""
    count = bench.size.streams
    with running(bench.folder / "events", bench.network, bench.server_core) as server:
        host = sign_up(server.url)
        room = host.open_room("the room that is watched", "channel")
        streams = bench.folder / "streams"
        _write(streams, [one.entrance(room) for one in make_many(server, count)])
        arguments = ("watch", "--entrances", streams, *bench.home, "--seconds", bench.size.seconds)
        with started(*arguments, core=bench.generator_core) as generator:
            watching = generator.until("watching")
            asked = _change_titles(host, room, bench.size.seconds)
            watched = generator.until("watched")
    why = f": {watching['first_failure']}" if watching["closed"] else ""
    print(f"  {watching['open']} streams open, {watching['closed']} refused{why}", file=sys.stderr)
    if not watching["open"]:
        raise RuntimeError(f"no event stream opened{why}")
    took_ms = sorted(
        _took_ms(change, asked) for change in watched["changes"] if _reached_all(change, watched)
    )
    if len(took_ms) < len(asked):
        raise RuntimeError(
            f"of {len(asked)} changes {len(took_ms)} reached all streams: {watched['changes']}"
        )
    what = f"median of {len(took_ms)} changed titles, the manager's request to the last of {watching['open']} streams"
    what += f"; the slowest {took_ms[-1]:.0f} ms; beside it the same bytes into as many sockets"
    least = raw.event_ms(bench, watching["open"])
    bench.results.add("event_to_10000_ms", took_ms[len(took_ms) // 2], "ms", what, least)


def _reached_all(change: Figures, watched: Figures) -> bool:
    return bool(change["streams"] >= watched["open"] > 0)


def _crowd(bench: Bench, entrances: Path, whip: Figures, first: int) -> tuple[object, ...]:
    speech = [word for path in SPEECH for word in ("--speech", path)]
    speaker = ("--whip", whip["url"], "--whip-token", whip["token"], *speech)
    who = ("crowd", "--entrances", entrances, "--first", first, "--lines", 4, "--until-heard")
    return (*who, *speaker, *bench.home, "--in-flight", 256, "--seconds", bench.size.seconds)


def _join_rows(bench: Bench, storm: Storm, each: str) -> None:
    add, joined = bench.results.add, storm.joined
    what = f"complete joins, the request to join to the first packet heard; median of {each}; {joined['failed']} failed"
    add("joins_per_second", storm.joins_per_s, "1/s", what, raw.handshakes_per_s(bench))
    own, what = joined["joined"] / storm.spent_s, "the same per second of the server's CPU, sound included"
    add("joins_per_second_of_server_cpu", own, "1/s", what)
    add("join_p99_ms", joined["join_ms"]["p99"], "ms", "one join in a hundred takes longer")


def _sound_rows(bench: Bench, storm: Storm) -> None:
    """What those who listen already noticed of the joins."""
    add, alone, joined = bench.results.add, storm.alone, storm.joined
    if joined["seconds"] < SHORTEST_STORM_S:
        print("  the joins were over too soon to say what they did to the sound", file=sys.stderr)
        return
    later = delay_p99_ms(joined) - delay_p99_ms(alone)
    what = f"by which sound reached {bench.size.listening} listeners later during the joins than before "
    what += f"({delay_p99_ms(joined):.1f} and {delay_p99_ms(alone):.1f} ms; p99, a speaker's frame to the last of them)"
    add("storm_delays_sound_ms", later, "ms", what)
    add("lost_during_joins_percent", joined["lost_percent"], "%", "packets that listeners missed meanwhile")
    what = "packets that listeners missed after the storm"
    add("lost_after_joins_percent", storm.beside["lost_percent"], "%", what)


def delay_p99_ms(measured: Figures) -> float:
    """From a speaker's frame in to the last listener's packet out."""
    if not measured["frames_found"]:
        raise RuntimeError("no frame of the speaker was found again: nobody heard it")
    return float(measured["frame_to_last_listener_ms"]["p99"])


def _change_titles(host: Account, room: str, seconds: float) -> list[int]:
    """Changes the title now and then; when each was asked for, ns since 1970."""
    asked, end = [], time.monotonic() + seconds - 1.0
    while time.monotonic() < end:
        asked.append(time.time_ns())
        host.patch(f"/rooms/{room}", {"title": f"title {len(asked)}"})
        time.sleep(0.7)
    return asked


def _took_ms(change: dict[str, Any], asked: list[int]) -> float:
    return (int(change["last_ns"]) - max(at for at in asked if at <= change["first_ns"])) / 1e6


def _write(path: Path, entrances: list[Figures]) -> None:
    path.write_text("".join(f"{json.dumps(entrance)}\n" for entrance in entrances))
