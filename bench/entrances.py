"""`python -m bench.entrances`: listeners to test one's own server with, a line each for `palabre-load --entrances`.

Run it on the server, for the voice chat of a public group or channel. The accounts it makes stay in the database
(SQLite): use a server with data of its own.
"""

import argparse
import json
import sys
from pathlib import Path

import httpx

from bench.people import entrance, write_accounts


def main() -> int:
    options = _options()
    database = options.data / "palabre.sqlite3"
    if not database.exists():
        print(
            f"entrances: {database} is missing. Name the server's data folder with --data.", file=sys.stderr
        )
        return 1
    tokens = write_accounts(database, options.count)
    api = f"{options.url.rstrip('/')}/api/v1/"
    room = _live_room(api, tokens[0], options.chat)
    if room is None:
        print(f"entrances: {options.chat} has no voice chat now. Start one, then try again.", file=sys.stderr)
        return 1
    for token in tokens:
        print(json.dumps(entrance(api, room, token)))
    print(f"{options.count} accounts, signed in for an hour.", file=sys.stderr)
    return 0


def _live_room(api: str, token: str, handle: str) -> str | None:
    """The id of the voice chat of the public chat with this handle."""
    headers = {"Authorization": f"Bearer {token}"}
    found = httpx.get(f"{api}chats/search", params={"q": handle}, headers=headers).raise_for_status().json()
    rooms = [chat["live_room"] for chat in found["items"] if chat["handle"] == handle]
    return next((str(room["id"]) for room in rooms if room), None)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.entrances", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the server's data folder")
    parser.add_argument("--url", required=True, help="where the listeners find the API: http://HOST:8080")
    parser.add_argument("--chat", required=True, metavar="HANDLE", help="the public group or channel")
    parser.add_argument("--count", type=int, default=100)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
