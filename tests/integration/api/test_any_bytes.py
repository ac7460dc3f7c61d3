"""Whatever comes on a connection is answered as uvicorn alone would answer it, however it is cut."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from palabre.api.protocol import _Join, protocol_of
from tests.integration.api.line import Line
from tests.integration.api.people import House, opened

FRESH = re.compile(rb'"(ticket|expires_at)":"[^"]*"')
"""What differs from one join to the next. Both have the same length each time."""

UNLIMITED = {
    f"limit_{whose}_{what}": "1000000"
    for whose in ("address", "account")
    for what in ("requests_per_s", "burst")
}

methods = st.sampled_from(
    [b"POST"] * 40 + [b"GET", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"NOTHING", b"post"]
)
paths = st.sampled_from(
    [b"JOIN"] * 40 + [b"JOIN?a=b", b"JOIN/", b"/api/v1/me", b"/metrics", b"*", b"/%zz", b"//"]
)
versions = st.sampled_from([b"HTTP/1.1"] * 20 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.7"])
bodies = st.sampled_from(
    [b"{}"] * 6 + [b"", b"null", b"[]", b"{", b'{"take_over":true}', b" " * 1025 + b"{}", b"\xff"]
)
extras = st.lists(
    st.sampled_from(
        [
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: upgrade\r\nUpgrade: h2c",
            b"Expect: 100-continue",
            b"Host: radio.example",
            b"Content-Type: text/plain",
            b"X-Forwarded-For: 192.0.2.1",
            b"X:",
            b"X: folded\r\n y",
            b"no header",
            b"Content-Length: 2",
            b"Content-Length: +2",
        ]
    ),
    max_size=1,
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """As a program writes it that is mostly right."""
    body = draw(bodies)
    if draw(st.integers(0, 5)):
        framing = b"Content-Length: %d" % len(body)
    else:
        framing = b"Transfer-Encoding: chunked"
        chunk = b"%x;why=not\r\n%b\r\n" % (len(body), body) if body else b""
        body = chunk + b"0\r\n" + draw(st.sampled_from([b"", b"X-After: 1\r\n"])) + b"\r\n"
    first = b" ".join((draw(methods), draw(paths), draw(versions)))
    told = [first, b"Host: palabre.test", b"WHO", b"Content-Type: application/json", framing, *draw(extras)]
    return b"\r\n".join((*told, b"", b"")) + body


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One with a piece of it replaced, or missing."""
    whole = draw(requests())
    begin = draw(st.integers(0, len(whole)))
    end = draw(st.integers(begin, min(len(whole), begin + 20)))
    return whole[:begin] + draw(st.binary(max_size=6)) + whole[end:]


whole = requests()
streams = st.lists(st.one_of(whole, whole, whole, damaged(), st.binary(max_size=30)), min_size=1, max_size=6)
back = st.one_of(st.integers(0, 3), st.integers(0, 400))
cuts = st.lists(st.tuples(st.integers(0, 5), back, st.booleans()), max_size=8)
"""Where a read ends: so many bytes before the end of one of them. And whether what was asked is answered before the
next read."""


def _reads(lengths: list[int], cuts: list[tuple[int, int, bool]]) -> list[tuple[int, bool]]:
    ends = list(accumulate(lengths))
    reads = [(ends[number % len(ends)] - back, waits) for number, back, waits in cuts]
    return [*sorted(reads), (ends[-1], True)]


async def _quiet(line: Line) -> None:
    """Until nothing goes on without more bytes."""
    await asyncio.sleep(0)  # what has just been asked begins
    while line.state.tasks and not _waits_for_a_body(line.server):  # noqa: ASYNC110 nobody tells of it
        await asyncio.sleep(0)


def _waits_for_a_body(server: HttpToolsProtocol) -> bool:
    cycle = server.cycle
    if isinstance(cycle, _Join):
        return False  # it has had its body
    return not server.pipeline and cycle.more_body and not cycle.message_event.is_set()


async def _answers(
    house: House, kind: type[HttpToolsProtocol], said: bytes, reads: list[tuple[int, bool]]
) -> list[tuple[bytes, bool]]:
    """What has been answered each time that all was quiet, and whether the connection was closed."""
    line, heard, at = Line(house, kind=kind), [], 0
    for end, waits in reads:
        if end > at and not line.closed:
            line.say(said[at:end])
            at = end
        if waits:
            await _quiet(line)
            heard.append((FRESH.sub(b"", line.written), line.closed))
    line.hang_up()
    await line.settled()
    return heard


@contextmanager
def _room(data: Path) -> Iterator[tuple[asyncio.Runner, House, bytes, bytes]]:
    """A loop, a house in it, the path of a join, and the header of somebody who has joined."""
    house = opened(data, **UNLIMITED)
    with asyncio.Runner() as runner:
        found = runner.run(house.__aenter__())
        try:
            ada, ben = runner.run(found.person("ada")), runner.run(found.person("ben"))
            room = runner.run(ada.new_room(runner.run(ada.new_chat())))
            runner.run(ben.join(room))
            who = f"Authorization: {ben.http.headers['Authorization']}"
            yield runner, found, f"/api/v1/rooms/{room}/join".encode(), who.encode()
        finally:
            runner.run(house.__aexit__(None, None, None))


def test_any_bytes_are_answered_alike(tmp_path: Path) -> None:
    joined = 0
    with _room(tmp_path) as (runner, house, join, who):
        ours = protocol_of(house.app)

        @settings(max_examples=600, deadline=None, derandomize=True, database=None)
        @given(stream=streams, cuts=cuts)
        def alike(stream: list[bytes], cuts: list[tuple[int, int, bool]]) -> None:
            nonlocal joined
            said = [piece.replace(b"JOIN", join).replace(b"WHO", who) for piece in stream]
            reads = _reads([len(piece) for piece in said], cuts)
            plain = runner.run(_answers(house, HttpToolsProtocol, b"".join(said), reads))
            assert runner.run(_answers(house, ours, b"".join(said), reads)) == plain
            joined += plain[-1][0].count(b'"participant_id"')

        alike()
    assert joined > 50
