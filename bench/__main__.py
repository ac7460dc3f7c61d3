"""`python -m bench`: measure everything, or the parts that are named; `--small` only sees that it works."""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from bench import attacks, latency, measures, namespace, report, search, whole
from bench.crowd import Bench, Size
from bench.generator import binary
from bench.rows import Results

PARTS: dict[str, Callable[[Bench], None]] = {
    "packets": measures.packets,
    "janus": measures.beside_janus,
    "latency": latency.latency,
    "engine-joins": measures.engine_joins,
    "forwarded": search.forwarded,
    "packed": search.packed,
    "joins": whole.joins,
    "events": whole.events,
    "idle": whole.idle,
    "flood": attacks.flood,
}
FULL = Size(
    seconds=8,
    settle_s=3,
    packets=(250, 1000, 2000),
    rounds=3,
    janus=400,
    forwarded=(2000, 8000),
    packed=(5000, 40_000),
    near=100,
    far=20_000,
    engine_joins=5000,
    forgotten_after_s=30,
    joins=3000,
    listening=5000,
    streams=10_000,
    idle_rooms=1000,
    flood=100_000,
    flood_joins=200,
)
SMALL = Size(
    seconds=2,
    settle_s=0.5,
    packets=(20,),
    rounds=1,
    janus=5,
    forwarded=(20, 24),
    packed=(60, 66),
    near=20,
    far=60,
    engine_joins=40,
    forgotten_after_s=1,
    joins=20,
    listening=20,
    streams=50,
    idle_rooms=5,
    flood=500,
    flood_joins=5,
)


def main() -> int:
    options = _options()
    # Told to stop, it still takes away what it made.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not binary().exists():
        print(f"bench: {binary()} is missing. Run `make bench`.", file=sys.stderr)
        return 1
    results, failed = Results(), False
    for part in options.parts or PARTS:
        print(f"bench: {part}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="palabre-bench-") as folder:
            try:
                _measure(part, Path(folder), SMALL if options.small else FULL, results, options.loopback)
            except RuntimeError as error:
                # The other parts can be measured all the same.
                print(f"bench: {part}: {error}", file=sys.stderr)
                failed = True
        if not options.small:
            # What was measured is kept, whatever becomes of the next part.
            report.write(results, " ".join(["python -m bench", *sys.argv[1:]]))
    print(report.table(results.as_json()))
    return int(failed)


def _measure(part: str, folder: Path, size: Size, results: Results, loopback: bool) -> None:
    allowed = os.sched_getaffinity(0)
    cores = sorted(allowed)
    server_core, generator_core = (cores[0], cores[1]) if len(cores) > 1 else (None, None)
    if generator_core is not None:
        os.sched_setaffinity(0, {generator_core})
    network = nullcontext(namespace.LOOPBACK) if loopback else namespace.made(server_core, generator_core)
    try:
        with network as where:
            PARTS[part](Bench(folder, where, server_core, generator_core, size, results))
    finally:
        os.sched_setaffinity(0, allowed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the server on this machine."
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all without")
    parser.add_argument("--small", action="store_true", help="a few seconds each; writes no files")
    parser.add_argument("--loopback", action="store_true", help="even where a veth pair could be made")
    options = parser.parse_args()
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
