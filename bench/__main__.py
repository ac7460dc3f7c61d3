"""`python -m bench`: measure everything; `--small` only sees that it works."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench import measures, report
from bench.generator import binary, speaking
from bench.measures import Cores, Size
from bench.people import sign_up
from bench.rows import Results
from bench.server import running

FULL = Size(listeners=400, seconds=10, idle_rooms=1000)
SMALL = Size(listeners=10, seconds=2, idle_rooms=5)


def main() -> int:
    options = _options()
    if not binary().exists():
        print(f"bench: {binary()} is missing. Run `make bench`.", file=sys.stderr)
        return 1
    small = SMALL if options.small else FULL
    size = Size(
        options.listeners or small.listeners,
        options.seconds or small.seconds,
        options.idle_rooms or small.idle_rooms,
    )
    results = Results()
    with tempfile.TemporaryDirectory(prefix="palabre-bench-") as folder:
        _measure(Path(folder), size, _cores(), results)
    print(report.table(results.rows))
    if not options.small:
        report.write(results, " ".join(["python -m bench", *sys.argv[1:]]))
    return 0


def _measure(folder: Path, size: Size, cores: Cores, results: Results) -> None:
    if cores.generator is not None:
        os.sched_setaffinity(0, {cores.generator})
    with running(folder, cores.server) as server:
        _say("idle rooms")
        measures.idle(server, size, results)
        host = sign_up(server.url)
        room = host.open_room("the room that is measured")
        with speaking(host.door(room, "whip"), cores.generator):
            _say(f"{size.listeners} listeners join through the API")
            people = measures.joins_through_the_api(server, room, size, cores, results)
            _say("listeners join with prepared tickets")
            measures.joins_of_the_engine(server, room, people, size, cores, results)


def _cores() -> Cores:
    """The server on one core and the generator on another, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores(cores[0], cores[1]) if len(cores) > 1 else Cores(None, None)


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the server on this machine."
    )
    parser.add_argument("--small", action="store_true", help="a few seconds; writes no files")
    parser.add_argument("--listeners", type=int, help=f"how many (default {FULL.listeners})")
    parser.add_argument(
        "--seconds", type=float, help=f"length of each measurement (default {FULL.seconds:g})"
    )
    parser.add_argument("--idle-rooms", type=int, help=f"rooms nobody is in (default {FULL.idle_rooms})")
    return parser.parse_args()


sys.exit(main())
