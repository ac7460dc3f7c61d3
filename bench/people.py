"""Accounts, chats and rooms for a measurement, made through the HTTP API like anybody's."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "a long enough secret 7"
# Hashing a password takes the server a core for some 50 ms: more at once would only wait.
AT_ONCE = 4


@dataclass(frozen=True)
class Account:
    """A bearer token and the client that sends it."""

    http: httpx.Client
    token: str

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self.http.post(path, json=body or {})
        if not answer.is_success:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json() if answer.content else None

    def open_room(self, title: str) -> str:
        """A public group and its live voice chat; gives the room's id."""
        chat = self.post("/chats", {"kind": "group", "title": title, "visibility": "public"} | _handle())
        return str(self.post(f"/chats/{chat['id']}/rooms")["id"])

    def door(self, room: str, kind: str) -> dict[str, str]:
        """Joins; gives `{url, token}` of the WHIP or WHEP door."""
        joined = self.post(f"/rooms/{room}/join")
        return {"url": joined["edge"][kind], "token": joined["ticket"]}

    def entrance(self, room: str) -> dict[str, Any]:
        """How `palabre-load` joins by itself, through the API."""
        return {"join_url": f"{self.http.base_url}rooms/{room}/join", "session": self.token, "body": {}}


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


def sign_up_many(url: str, count: int) -> list[Account]:
    """As many accounts; says how far it is."""
    accounts: list[Account] = []
    said_at = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for account in pool.map(lambda _: sign_up(url), range(count)):
            accounts.append(account)
            if time.monotonic() - said_at > 2:
                said_at = time.monotonic()
                print(f"  accounts {len(accounts)}/{count}", file=sys.stderr)
    return accounts


_handles = iter(range(10**9))


def _handle() -> dict[str, str]:
    return {"handle": f"bench_{next(_handles)}"}
