"""A running house without sockets, and people who use it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from palabre.adapters.passwords import Argon2Passwords
from palabre.api.app import create_app
from palabre.api.ports import Services
from palabre.bootstrap import Media, running
from palabre.config import load_settings
from tests.fakes.engine import ScriptedEngine
from tests.integration.api import documented

PASSWORD = "correct horse battery"
TICKET_KEY = b"k" * 32
FAST = Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
"""The same algorithm with the least work: tests sign up hundreds of people."""

Json = dict[str, Any]
T = TypeVar("T")


class Person:
    """Somebody with a bearer token. Every answer is checked against the OpenAPI document."""

    def __init__(self, app: FastAPI, handle: str, account: Json, token: str | None) -> None:
        transport = httpx.ASGITransport(app=app, client=(f"198.51.100.{len(handle)}", 40000))
        self.handle = handle
        self.account = account
        self.http = httpx.AsyncClient(transport=transport, base_url="http://palabre.test")
        if token is not None:
            self.http.headers["Authorization"] = f"Bearer {token}"

    @property
    def id(self) -> str:
        return str(self.account["id"])

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        if body is not None:
            more["json"] = body
        response = await self.http.request(method, f"/api/v1{path}", **more)
        documented.check(response)
        return response

    async def must(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The answer's body; the wish must not be refused."""
        response = await self.ask(method, path, body, **more)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> str:
        """The code of the refusal."""
        response = await self.ask(method, path, body, **more)
        assert response.is_error, response.text
        assert response.json()["status"] == response.status_code
        return str(response.json()["code"])

    async def new_chat(self, kind: str = "group", *, public: bool = True, title: str = "Night Radio") -> str:
        wish = {"kind": kind, "title": title, "visibility": "public" if public else "private"}
        if public:
            wish["handle"] = f"{kind}_of_{self.handle}"
        return str((await self.must("POST", "/chats", wish))["id"])

    async def new_room(self, chat: str, **wish: Any) -> str:
        return str((await self.must("POST", f"/chats/{chat}/rooms", wish))["id"])

    async def join(self, room: str, **wish: Any) -> Json:
        entry: Json = await self.must("POST", f"/rooms/{room}/join", wish)
        return entry


@dataclass
class House:
    """The application over a real database in a folder of its own, with a scripted engine."""

    app: FastAPI
    services: Services
    engine: ScriptedEngine
    data: Path

    def visitor(self) -> Person:
        return Person(self.app, "visitor", {}, None)

    async def person(self, handle: str, name: str | None = None) -> Person:
        visitor = self.visitor()
        body = {"handle": handle, "display_name": name or handle.capitalize(), "password": PASSWORD}
        account = await visitor.must("POST", "/accounts", body)
        session = await visitor.must("POST", "/sessions", {"handle": handle, "password": PASSWORD})
        return Person(self.app, handle, account, session["token"])


@asynccontextmanager
async def opened(data: Path, **settings: str) -> AsyncIterator[House]:
    """A house over the data folder; `settings` are environment variables without their prefix."""
    (data / "recordings").mkdir(parents=True, exist_ok=True)
    environ = {f"PALABRE_{name.upper()}": value for name, value in settings.items()}
    configured = load_settings({"PALABRE_DATA": str(data), **environ})
    engine = ScriptedEngine()
    media = Media(engine, 8081, TICKET_KEY, summarise)
    try:
        async with _held(running(configured, media, FAST)) as services:
            yield House(create_app(services), services, engine, data)
    finally:
        engine.close()


def summarise(path: Path) -> tuple[int, bytes]:
    """In place of the engine's: a second per byte."""
    return path.stat().st_size * 1000, bytes(i % 32 for i in range(100))


@asynccontextmanager
async def _held(context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enters and leaves `context` in one task: a fixture's two halves run in different ones."""
    loop = asyncio.get_running_loop()
    inside: asyncio.Future[T] = loop.create_future()
    done = asyncio.Event()

    async def hold() -> None:
        try:
            async with context as value:
                inside.set_result(value)
                await done.wait()
        except BaseException as error:
            if inside.done():
                raise
            inside.set_exception(error)

    task = loop.create_task(hold())
    try:
        yield await inside
    finally:
        done.set()
        await task
