"""What is measured of the engine under attack."""

import sys
import time

from bench.crowd import AS_THE_WEB, Bench, listen
from bench.generator import Figures, started
from bench.whole import delay_p99_ms

ATTACKERS = 300
"""Tickets of the attacker: more than one address may have half open."""


def flood(bench: Bench) -> None:
    """100,000 half-open attempts from one address, as fast as they go, while others listen and join."""
    listening, joining = bench.size.listening, bench.size.flood_joins
    with bench.stage(listening + 1 + joining + ATTACKERS, floor_frames=6) as stage:
        attackers = stage.entrances(ATTACKERS, after=listening + 1, name="attackers")
        newcomers = stage.entrances(joining, after=listening + 1 + ATTACKERS, name="newcomers")
        arguments = bench.crowd(stage, listening + 1, *AS_THE_WEB, "--first", listening)
        with started(*arguments, core=bench.generator_core) as generator:
            _, alone = listen(generator, stage.process)
            before_kb = stage.process.resident_kb()
            generator.tell("1")
            generator.until("joined")
            generator.until("measuring")
            attack = ("flood", "--entrances", attackers, "--attempts", bench.size.flood, *_from(bench, 250))
            honest = ("crowd", "--entrances", newcomers, *AS_THE_WEB, "--seconds", 1, *_home(bench, 200))
            with (
                started(*attack, core=bench.generator_core) as flooding,
                started(*honest, core=bench.generator_core) as coming,
            ):
                joined = coming.until("joined")
                flooded = flooding.until("flooded")
            beside = generator.until("measured")
            time.sleep(bench.size.forgotten_after_s)
            after_kb = stage.process.resident_kb()
    print(f"  {flooded}", file=sys.stderr)
    if flooded["answers_to_strangers"] or joined["failed"]:
        raise RuntimeError(f"strangers were answered, or others were not: {flooded}, {joined}")
    _rows(bench, flooded, joined, alone.figures, beside, (before_kb, after_kb))


def _rows(
    bench: Bench, flooded: Figures, joined: Figures, alone: Figures, beside: Figures, kb: tuple[int, int]
) -> None:
    add = bench.results.add
    what = f"packets that {bench.size.listening} listeners missed during {flooded['attempts']} half-open attempts "
    what += f"from one address in {flooded['seconds']:.1f} s, {flooded['sessions']} of them sessions; "
    what += f"{flooded['answers_to_strangers']} answers to whoever proved nothing"
    add("flood_lost_percent", beside["lost_percent"], "%", what)
    late, usual = delay_p99_ms(beside), delay_p99_ms(alone)
    what = "by which sound came later meanwhile than before "
    what += f"({late:.1f} and {usual:.1f} ms; p99, a speaker's frame to the last listener)"
    add("flood_delays_sound_ms", late - usual, "ms", what)
    what = (
        f"the slowest of {joined['joined']} joins from other addresses meanwhile; {joined['failed']} failed"
    )
    add("flood_join_ms", joined["join_ms"]["max"], "ms", what)
    before_kb, after_kb = kb
    what = "resident memory when half-open sessions are forgotten; beside it before"
    add("flood_memory_mb", after_kb / 1e3, "MB", what, before_kb / 1e3)


def _home(bench: Bench, block: int) -> tuple[object, ...]:
    """Addresses that no other crowd has."""
    return ("--addresses", _address(bench, block))


def _from(bench: Bench, block: int) -> tuple[object, ...]:
    return ("--from", _address(bench, block))


def _address(bench: Bench, block: int) -> str:
    first = bench.network.first_listener or "127.1.0.0"
    a, b, *_ = first.split(".")
    return f"{a}.{b}.{block}.1"
