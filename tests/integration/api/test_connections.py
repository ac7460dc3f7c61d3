"""What a connection may keep of the server before anybody has signed in, over real sockets."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from palabre.api import connections, edge, middleware, protocol
from palabre.api.connections import LONGEST_HEAD, LONGEST_ROW
from palabre.api.protocol import protocol_of
from palabre.cli.server import connections_of
from palabre.config import Limits, Settings
from tests.integration.api.line import Line
from tests.integration.api.people import House, opened

SHORT = b"GET /api/v1/me HTTP/1.1\r\nHost: palabre.test\r\n\r\n"


class Socket:
    """A client's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hear(self) -> bytes:
        """Until the server closes the connection."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    async def status(self) -> int:
        """Of the next answer, whose body is read too."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
        await self._reader.readexactly(length)
        return int(head.split(b" ")[1])

    async def hang_up(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class Served:
    """An application behind a real socket."""

    def __init__(
        self, house: House, server: asyncio.Server, state: ServerState, config: uvicorn.Config
    ) -> None:
        self._server = server
        self._config = config
        self.state = state
        self.house = house

    def answer_with(self, app: ASGIApp) -> None:
        """In the place of the application, whoever connects from now on."""
        self._config.loaded_app = app

    async def open(self) -> Socket:
        return Socket(*await asyncio.open_connection(*self._server.sockets[0].getsockname()[:2]))

    async def empty(self) -> None:
        """Until the server has noticed that everybody is gone."""
        while self.state.connections:  # noqa: ASYNC110 uvicorn's set tells nobody
            await asyncio.sleep(0)


@asynccontextmanager
async def served(house: House, host: str = "127.0.0.1") -> AsyncIterator[Served]:
    state, loop = ServerState(), asyncio.get_running_loop()
    kind = protocol_of(house.app)
    config = uvicorn.Config(
        house.app,
        http=kind,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=1,
        proxy_headers=False,
    )
    config.load()
    server = await loop.create_server(lambda: kind(config, state, {}, loop), host, 0)
    try:
        yield Served(house, server, state, config)
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await server.wait_closed()


@asynccontextmanager
async def _narrow(tmp_path: Path, **limits: str) -> AsyncIterator[Served]:
    async with opened(tmp_path, **limits) as house, served(house) as found:
        yield found


def _head(size: int) -> bytes:
    """A request whose head has exactly so many bytes."""
    begin = SHORT[:-2] + b"X-Long: "
    return begin + b"a" * (size - len(begin) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize("length", [260, 60_000])
async def test_a_host_that_is_no_name_is_kept_nowhere(house: House, length: int) -> None:
    caches = (edge._edge_of, middleware.protection, protocol._around)
    for cache in caches:
        cache.cache_clear()
    async with served(house) as there:
        client = await there.open()
        for letter in "abcd":
            host = letter.encode() * length
            await client.say(SHORT.replace(b"palabre.test", host))
            assert await client.status() == 401
    assert all(cache.cache_info().currsize <= 1 for cache in caches)


async def test_the_longest_name_with_a_port_still_names_the_edge(house: House) -> None:
    name = ".".join(["a" * 62] * 4)[:253]
    line = Line(house)
    line.say(SHORT.replace(b"palabre.test", f"{name}:65535".encode()))
    assert f"http://{name}:8081".encode() in await line.hear()


async def test_a_head_of_the_longest_size_is_answered_and_one_byte_more_is_refused(house: House) -> None:
    async with served(house) as there:
        client = await there.open()
        await client.say(_head(LONGEST_HEAD))
        assert await client.status() == 401
        await client.say(_head(LONGEST_HEAD + 1))
        answer = await client.hear()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"\r\nconnection: close" in head
    assert json.loads(body)["code"] == "HEAD_TOO_LARGE"
    assert json.loads(body)["limit"] == {"head_bytes": LONGEST_HEAD}


@pytest.mark.parametrize("begin", [b"", b"GET /", SHORT[:-2], SHORT[:-2] + b"X: ", SHORT[:-2] + b"X: 1\r\n"])
async def test_a_head_without_end_is_refused(house: House, begin: bytes) -> None:
    line = Line(house)
    line.say(begin)
    said = 0
    while not line.closed:
        line.say(b"a" * 1000)
        said += 1000
        assert said < LONGEST_HEAD + 1000
    assert line.written.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


async def test_what_stands_after_a_body_has_an_end_and_is_no_header(house: House) -> None:
    asked = b"PATCH /api/v1/me HTTP/1.1\r\nHost: palabre.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    seen = []
    line = Line(house)
    framework = line.server.app

    async def looked_at(scope, receive, send):  # type: ignore[no-untyped-def]
        seen.extend(name for name, _ in scope["headers"])
        await framework(scope, receive, send)

    line.server.app = looked_at
    line.say(asked + b"X-Forwarded-For: 192.0.2.1\r\n\r\n")
    assert (await line.hear()).startswith(b"HTTP/1.1 401 ")
    assert seen == [b"host", b"transfer-encoding"]
    line.say(asked + b"X: ")
    for _ in range(LONGEST_HEAD // 1000 + 1):
        line.say(b"a" * 1000)
    assert line.closed
    line.hang_up()
    await line.settled()


async def test_a_large_body_is_none_of_the_heads(house: House) -> None:
    chunk = b"%x\r\n%b\r\n" % (30_000, b" " * 30_000)
    line = Line(house)
    line.say(b"PATCH /api/v1/me HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2)
    line.say(b"0\r\n\r\n" + SHORT)
    assert (await line.hear()).startswith(b"HTTP/1.1 401 ")
    assert (await line.hear()).startswith(b"HTTP/1.1 401 ")


async def test_only_so_many_requests_wait_for_the_one_before_them(house: House) -> None:
    line = Line(house)
    line.say(SHORT * (1 + LONGEST_ROW))
    for _ in range(1 + LONGEST_ROW):
        assert (await line.hear()).startswith(b"HTTP/1.1 401 ")
    assert not line.closed
    line.say(SHORT * 6_000)
    assert line.written.startswith(b"HTTP/1.1 400 ")
    assert line.closed
    assert len(line.server.pipeline) == LONGEST_ROW
    line.hang_up()
    line.server.pipeline.clear()
    await line.settled()


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"\r\n",
        b"GET /api",
        SHORT + b"\r\n",
        SHORT + SHORT[:-2],
        b"POST /api/v1/rooms/r/join HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{",
        b"PATCH /api/v1/me HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{",
    ],
)
async def test_who_never_ends_what_was_begun_is_let_go(
    house: House, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WHOLE_WITHIN_S", 0.02)
    async with served(house) as there:
        client = await there.open()
        await client.say(begin)
        await client.hear()
        await there.empty()


async def test_who_sends_a_byte_now_and_then_wins_no_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WHOLE_WITHIN_S", 0.05)
    line = Line(house)
    line.say(b"GET / HTTP/1.1\r\nX: ")
    while not line.closed:
        line.say(b"a")
        await asyncio.sleep(0)
    assert line.written == b""


async def test_a_request_that_is_under_way_is_not_let_go(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WHOLE_WITHIN_S", 0.01)
    line, goes_on, asleep = Line(house), asyncio.Event(), asyncio.Event()
    framework = line.server.app

    async def slow(scope, receive, send):  # type: ignore[no-untyped-def]
        asyncio.get_running_loop().call_later(0.05, goes_on.set)
        asleep.set()
        await goes_on.wait()
        await framework(scope, receive, send)

    line.server.app = slow
    line.say(SHORT)
    assert (await line.hear()).startswith(b"HTTP/1.1 401 ")
    assert not line.closed


async def test_who_takes_nothing_of_a_long_answer_is_let_go(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "TAKES_NOTHING_MS", 100)
    async with served(house) as there:
        there.answer_with(at_length)
        client = await there.open()
        await client.say(SHORT)
        await there.empty()  # the client has read nothing, and has not hung up


async def at_length(scope, receive, send):  # type: ignore[no-untyped-def]
    """64 MiB, more than the system takes over from the application."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(1024):
        await send({"type": "http.response.body", "body": b"a" * 65_536, "more_body": True})


async def test_beyond_all_connections_the_server_says_so_and_when_to_come_back(tmp_path: Path) -> None:
    async with _narrow(tmp_path, limit_connections="2") as there:
        first, second = await there.open(), await there.open()
        refused = await (await there.open()).hear()
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in refused
        told = json.loads(refused.partition(b"\r\n\r\n")[2])
        assert (told["code"], told["limit"]) == ("MEDIA_BUSY", {"connections": 2})
        for client in (first, second):
            await client.hang_up()
        await there.empty()
        again = await there.open()
        await again.say(SHORT)
        assert await again.status() == 401


async def test_one_address_has_only_so_many_connections_and_gets_them_back(tmp_path: Path) -> None:
    async with _narrow(tmp_path, limit_address_connections="1", proxies="192.0.2.1") as there:
        held = await there.open()
        await held.say(SHORT)
        assert await held.status() == 401
        refused = await (await there.open()).hear()
        assert refused.startswith(b"HTTP/1.1 429 ")
        told = json.loads(refused.partition(b"\r\n\r\n")[2])
        assert (told["code"], told["limit"]) == ("TOO_MANY_REQUESTS", {"address_connections": 1})
        await held.hang_up()
        await there.empty()
        again = await there.open()
        await again.say(SHORT)
        assert await again.status() == 401


async def test_addresses_of_one_network_share_their_connections(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_address_connections="1") as house:
        kind = protocol_of(house.app)
        held = Line(house, "2001:db8::1", kind)
        assert Line(house, "2001:db8::2", kind).written.startswith(b"HTTP/1.1 429 ")
        assert not Line(house, "2001:db8:0:1::2", kind).closed
        held.hang_up()
        assert not Line(house, "2001:db8::2", kind).closed


@pytest.mark.parametrize("proxy", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
async def test_a_proxys_connections_are_many_peoples(tmp_path: Path, proxy: str) -> None:
    async with opened(tmp_path, limit_address_connections="1") as house:
        kind = protocol_of(house.app)
        assert not any(Line(house, proxy, kind).closed for _ in range(5))


async def test_who_was_refused_gives_nobodys_place_back(tmp_path: Path) -> None:
    async with opened(tmp_path, limit_address_connections="1") as house:
        kind = protocol_of(house.app)
        Line(house, kind=kind)
        for _ in range(3):
            refused = Line(house, kind=kind)
            assert refused.closed
            refused.hang_up()


@pytest.mark.parametrize(
    ("files", "most"), [(1_000_000, 20_000), (4_096, 1_024), (1, 1), (resource.RLIM_INFINITY, 20_000)]
)
def test_connections_leave_files_for_the_engine(files: int, most: int) -> None:
    assert Limits().connections == 20_000
    assert connections_of(Settings(), files) == most


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(LONGEST_HEAD - 3, LONGEST_HEAD + 3),
    cuts=st.lists(st.integers(1, LONGEST_HEAD + 3), max_size=6),
    before=st.integers(0, 2),
)
async def test_a_head_is_counted_however_it_is_cut(
    house: House, size: int, cuts: list[int], before: int
) -> None:
    line, head, at = Line(house), _head(size), [0, *sorted(cuts)]
    for _ in range(before):
        line.say(SHORT)
        assert (await line.hear()).startswith(b"HTTP/1.1 401 ")
    for begin, end in zip(at, [*at[1:], None], strict=True):
        if not line.closed:
            line.say(head[begin:end])
    answer = await line.hear()
    assert answer.startswith(b"HTTP/1.1 431 " if size > LONGEST_HEAD else b"HTTP/1.1 401 ")
    assert line.closed == (size > LONGEST_HEAD)
    line.hang_up()
