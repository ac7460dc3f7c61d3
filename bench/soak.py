"""`python -m bench.soak`: listeners who come and go for half an hour, and what the server has kept of them.

They join through the API with an event stream each, leave, hang up, or vanish without a word; some never connect. The
server has to be afterwards as it was before. Exit code 1 when it is not.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from bench import report
from bench.generator import Figures, speaking, started
from bench.namespace import LOOPBACK
from bench.people import Account, make_many, sign_up
from bench.rows import Results
from bench.samples import Sample, complaints, take
from bench.server import Server, running

SETTLED_WITHIN_S = 120
"""Consent runs out after 30 s, and 20 s later whoever has no door open has left."""
POINTS = 12
ASKING_AT_ONCE = 32
QUESTIONS = 500


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        tempfile.TemporaryDirectory(prefix="palabre-soak-") as folder,
        running(Path(folder), LOOPBACK, None) as server,
        httpx.Client() as http,
    ):
        host = sign_up(server.url)
        room = host.open_room("the room people come to and go from", "channel")
        entrances = Path(folder) / "people"
        people = _people(server, options)
        entrances.write_text("".join(f"{json.dumps(one.entrance(room))}\n" for one in people))
        _fill_pools(people)
        with _voice(host, room):
            _churn(options, entrances, seed=options.seed + 1, seconds=options.warm_up, watch=lambda: None)
            before = _settled(http, server)
            samples: list[Sample] = []
            seen = _churn(
                options,
                entrances,
                seed=options.seed,
                seconds=options.seconds,
                watch=lambda: samples.append(take(http, server.url)),
            )
            after = _settled(http, server)
    found = complaints(before, samples, after) + _failures(seen)
    _tell(seen, before, after, found)
    if options.write:
        report.write(
            _results(options, seen, before, samples, after), " ".join(["python -m bench.soak", *sys.argv[1:]])
        )
    return int(bool(found))


def _people(server: Server, options: argparse.Namespace) -> list[Account]:
    """So many accounts that the wanted number is present on average."""
    return make_many(server, round(options.listeners * (options.stay + options.away) / options.stay))


def _fill_pools(people: list[Account]) -> None:
    """Every connection to the database that the server will ever keep is open from now on."""

    def ask(one: Account) -> None:
        headers = {"Authorization": f"Bearer {one.token}"}
        one.http.get("/chats", headers=headers).raise_for_status()

    with ThreadPoolExecutor(ASKING_AT_ONCE) as pool:
        list(pool.map(ask, people[:QUESTIONS]))


def _voice(host: Account, room: str) -> AbstractContextManager[None]:
    return speaking(host.door(room, "whip"), None)


def _churn(
    options: argparse.Namespace, entrances: Path, *, seed: int, seconds: float, watch: Callable[[], None]
) -> Figures:
    """Runs the crowd until everybody has gone; `watch` is called now and then."""
    times = ("--seconds", seconds, "--stay", options.stay, "--away", options.away, "--every", options.every)
    with started("churn", "--entrances", entrances, "--seed", seed, *times, core=None) as generator:
        end = time.monotonic() + seconds
        while time.monotonic() < end - options.every / 2:
            figures = generator.until("churning")
            watch()
            print(f"  {json.dumps(figures)}", file=sys.stderr)
        return generator.until("emptied")


def _settled(http: httpx.Client, server: Server) -> Sample:
    """The server when only the speaker is left, or when it was waited for in vain."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while True:
        sample = take(http, server.url)
        if sample.is_quiet or time.monotonic() > deadline:
            return sample
        time.sleep(1)


def _failures(seen: Figures) -> list[str]:
    """What did not work for those who came; one in a thousand may have met a connection that was just being closed."""
    failed = sum(seen["failures"].values())
    if failed * 1000 > seen["joined"] + 1000:
        return [f"{failed} failures among {seen['joined']} joins: {seen['failures']}"]
    return [] if seen["heard"] else ["nobody heard anything"]


def _tell(seen: Figures, before: Sample, after: Sample, found: list[str]) -> None:
    print(json.dumps({"seen": seen, "before": before.counters, "after": after.counters}))
    for complaint in found:
        print(f"soak: {complaint}", file=sys.stderr)


def _results(
    options: argparse.Namespace, seen: Figures, before: Sample, samples: list[Sample], after: Sample
) -> Results:
    ways = f"{seen['left']} left, {seen['hung_up']} hung up, {seen['vanished']} vanished, "
    ways += f"{seen['never_connected']} never connected"
    what = f"memory after {options.seconds / 60:.0f} minutes in which {options.listeners} listeners came and went"
    what += f" ({seen['joined']} joins: {ways}), all gone; beside it before. {_kept(before, after)}"
    results = Results()
    # A dozen say how it went.
    some = samples[:: max(1, len(samples) // POINTS)]
    points: list[tuple[float, ...]] = [(sample.sessions, sample.memory_mb) for sample in some]
    results.add("soak_memory_mb", after.memory_mb, "MB", what, before.memory_mb, points)
    return results


def _kept(before: Sample, after: Sample) -> str:
    return (
        f"Descriptors {before.descriptors} and {after.descriptors}, threads {before.threads} and {after.threads}, "
        f"asyncio tasks {before.tasks} and {after.tasks}, sessions {before.sessions} and {after.sessions}, "
        f"event streams {before.streams} and {after.streams}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800, help="how long they come and go")
    parser.add_argument(
        "--warm-up", type=float, default=900, help="the same before, to fill pools and caches"
    )
    parser.add_argument("--listeners", type=int, default=2000, help="present at a time, on average")
    parser.add_argument("--stay", type=float, default=60, help="seconds, on average")
    parser.add_argument("--away", type=float, default=15, help="seconds between two stays, on average")
    parser.add_argument("--every", type=float, default=10, help="seconds between two samples")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="into bench/results.json and docs/bench.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
