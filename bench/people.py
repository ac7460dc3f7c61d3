"""Accounts, chats and rooms for a measurement, made through the HTTP API like anybody's."""

import hashlib
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.server import Server

PASSWORD = "a long enough secret 7"


@dataclass(frozen=True)
class Account:
    """A bearer token and the client that sends it."""

    http: httpx.Client
    token: str

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = self.http.post(path, json=body or {}, headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    def patch(self, path: str, body: dict[str, Any]) -> None:
        answer = self.http.patch(path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:300]}")

    def open_room(self, title: str, kind: str = "group") -> str:
        """A public group, in which everybody may speak, or a channel, and its live voice chat; gives the room's id."""
        chat = self.post("/chats", {"kind": kind, "title": title, "visibility": "public"} | _handle())
        return str(self.post(f"/chats/{chat['id']}/rooms")["id"])

    def door(self, room: str, kind: str) -> dict[str, str]:
        """Joins; gives `{url, token}` of the WHIP or WHEP door."""
        joined = self.post(f"/rooms/{room}/join")
        return {"url": joined["edge"][kind], "token": joined["ticket"]}

    def entrance(self, room: str) -> dict[str, Any]:
        """How `palabre-load` joins by itself, through the API."""
        return entrance(f"{self.http.base_url}", room, self.token)


def entrance(api: str, room: str, token: str) -> dict[str, Any]:
    """A line for `palabre-load --entrances`; `api` ends with a slash."""
    return {"join_url": f"{api}rooms/{room}/join", "session": token, "body": {}}


def sign_up(url: str) -> Account:
    """A new account, signed in."""
    http = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
    someone = Account(http, "")
    handle = _handle()["handle"]
    someone.post("/accounts", {"handle": handle, "display_name": handle, "password": PASSWORD})
    signed_in = {"handle": handle, "password": PASSWORD, "transport": "bearer"}
    token = someone.post("/sessions", signed_in)["token"]
    http.headers["Authorization"] = f"Bearer {token}"
    return Account(http, token)


def make_many(server: Server, count: int) -> list[Account]:
    """As many accounts, signed in."""
    http = httpx.Client(base_url=f"{server.url}/api/v1", timeout=30)
    return [Account(http, token) for token in write_accounts(server.data / "palabre.sqlite3", count)]


def write_accounts(database: Path, count: int) -> list[str]:
    """Puts so many accounts, signed in for an hour, straight into a server's database: hashing thousands of passwords
    would take minutes, and is not what is measured. Gives their bearer tokens."""
    now = datetime.now(UTC).replace(tzinfo=None)
    later = now + timedelta(hours=1)
    tokens = [secrets.token_urlsafe(32) for _ in range(count)]
    own = secrets.token_hex(4)
    people = [(f"acc_bench_{own}_{n:06}", f"bench_{own}_{n}") for n in range(count)]
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO accounts (id, handle, display_name, bio, locale, password_hash, created_at)"
            " VALUES (?, ?, ?, '', 'en', '', ?)",
            [(who, handle, handle, str(now)) for who, handle in people],
        )
        connection.executemany(
            "INSERT INTO sessions (token_hash, account_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
            [
                (hashlib.sha256(token.encode()).digest(), who, str(now), str(later))
                for (who, _), token in zip(people, tokens, strict=True)
            ],
        )
    return tokens


_handles = iter(range(10**9))


def _handle() -> dict[str, str]:
    return {"handle": f"bench_{next(_handles)}"}
