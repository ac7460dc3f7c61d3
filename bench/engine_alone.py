"""`python -m bench.engine_alone`: the engine with one room and prepared tickets, and no Python around it.

Prints one JSON line with the doors, then serves until its standard input ends. What is said of the engine's own
limits is measured here; the whole server is in bench/server.py.
"""

import argparse
import json
import os
import select
import sys
from datetime import UTC, datetime, timedelta

import jwt

from palabre._engine import Engine, SnapshotWanted

KEY = bytes(32)
ROOM = "bench"
LIFETIME = timedelta(hours=2)


def main() -> None:
    options = _options()
    os.sched_setaffinity(0, {options.core} if options.core is not None else os.sched_getaffinity(0))
    engine = Engine(
        edge_bind=f"{options.address}:0",
        media_bind=f"{options.address}:0",
        media_addresses=[options.address],
        ticket_key=KEY,
        # One machine plays everybody.
        requests_per_s_per_address=1_000_000,
        # Where it ends is what is looked for.
        max_late_ms=0,
        max_sessions=max(50_000, options.listeners + 10),
        max_sessions_per_room=max(20_000, options.listeners + 10),
        **json.loads(options.engine),
    )
    edge = f"http://{options.address}:{engine.edge_port}/edge/v1"
    engine.open_room(ROOM)
    engine.admit(ROOM, "speaker", csrc=1, view="speaker", may_speak=True)
    for number in range(options.listeners):
        engine.admit(ROOM, f"listener_{number}", csrc=number + 10, view="listener", may_speak=False)
        if number % 1000 == 0:
            engine.drain()
    doors = {
        "whip": {"url": f"{edge}/whip", "token": ticket("speaker")},
        "whep": f"{edge}/whep",
        "events": f"{edge}/events",
        "pid": os.getpid(),
    }
    print(json.dumps(doors), flush=True)
    _drain_until_told(engine)
    engine.shutdown()


def ticket(participant: str) -> str:
    """As Python signs them at a join (palabre.rooms.tickets)."""
    claims = {
        "aud": "palabre-edge",
        "exp": datetime.now(UTC) + LIFETIME,
        "jti": participant,
        "topic": f"room:{ROOM}",
        "view": "speaker" if participant == "speaker" else "listener",
        "participant": participant,
    }
    return jwt.encode(claims, KEY, algorithm="HS256")


def _drain_until_told(engine: Engine) -> None:
    """Nobody decides anything here: what happens is taken and forgotten; who opens a stream gets an empty room."""
    while True:
        ready, _, _ = select.select([sys.stdin, engine.event_fd], [], [])
        if sys.stdin in ready and not sys.stdin.readline():
            return
        if engine.event_fd in ready:
            os.read(engine.event_fd, 8)
        for event in engine.drain():
            if isinstance(event, SnapshotWanted):
                engine.snapshot(event.topic, event.view, 1, b"{}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.engine_alone")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--core", type=int)
    parser.add_argument("--engine", default="{}", help="more arguments of the engine, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
