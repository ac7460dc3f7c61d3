"""The way between browsers and the server's edge and media port, which a test may cut and mend: a relay.

It asks for no rights and no firewall. The server hears media on loopback only, and tells the browsers of the relay:
the edge at a TCP port of the relay's own, the media at the machine's own address with the port's own number.
The API stays reachable.
"""

import asyncio
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.e2e.server import free_port
from tests.e2e.weather import Sky, Weather

LOOPBACK = "127.0.0.1"  # where the server is
ELSEWHERE = ("198.51.100.1", 9)  # nobody (RFC 5737): only the way there is asked for, nothing is sent
DATAGRAM = 2048  # bytes; WebRTC keeps below 1500
CHUNK = 65_536
LISTENS_FOR_S = 2.0
BINDING_REQUEST = b"\x00\x01"
USERNAME = 0x0006

Address = tuple[str, int]


@dataclass
class Flow:
    """What one socket of a browser sends to the media port and gets from it, in bytes."""

    upstream: socket.socket
    sent: int = 0
    received: int = 0
    session: bytes = b""  # the ICE user names of both sides: one session may have several sockets


def carries_a_voice(sent: int, received: int) -> bool:
    """Who only listens sends nothing but checks and reports, also when there is nothing to hear; to a speaker reports
    come back. Bytes within `LISTENS_FOR_S`."""
    return sent > max(4_000, 3 * received)


class Network:
    """Runs the relay in a thread of its own. Every call returns when what it asks for is so."""

    def __init__(self, ports: dict[str, int], media: Address | None = None) -> None:
        """`media` is where the server hears it, if not on loopback at the port that the browsers are told."""
        relay_port = free_port(socket.SOCK_STREAM)
        self.settings = {
            "MEDIA_HOST": LOOPBACK,
            "EDGE_URL": f"http://localhost:{relay_port}",
            "MEDIA_ADDRESSES": own_address(),
        }
        self.ports = ports
        self._media = media or (LOOPBACK, ports["MEDIA_PORT"])
        self._relay_port = relay_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._flows: dict[Address, Flow] = {}
        self._media_flows = True
        self._sky = Sky(Weather())
        # Datagrams on their way, and some that have arrived.
        self._waiting: deque[asyncio.TimerHandle] = deque()
        self._cut: set[bytes] = set()
        self._streams: set[asyncio.StreamWriter] = set()
        self._streams_flow = asyncio.Event()

    def __enter__(self) -> Self:
        self._front = udp_socket((self.settings["MEDIA_ADDRESSES"], self.ports["MEDIA_PORT"]))
        self._loop.add_reader(self._front, self._from_browser)
        self._streams_flow.set()
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def refuse_streams(self) -> None:
        """Every HTTP connection to the edge is reset, and new ones are refused, until `mend`."""
        self._run(self._refuse())

    def silence_streams(self) -> None:
        """HTTP connections to the edge stay open, and nothing passes on them, until `mend`."""
        self._call(self._streams_flow.clear)

    def silence_media(self) -> None:
        """No datagram passes until `mend`."""
        self._call(lambda: self._let_media_flow(False))

    def cut_voices(self) -> None:
        """The sessions in which somebody speaks now, or next, are dead, on every socket; ICE may begin again."""
        self._run(self._cut_voices())

    def change_weather(self, weather: Weather) -> None:
        """From now on sound is lost on the way to the browsers, and everything takes its time both ways."""
        self._call(lambda: self._change_weather(weather))

    def lost(self) -> float:
        """The share of sound that was lost since the weather changed (0 to 1)."""
        return self._sky.lost / max(1, self._sky.lost + self._sky.passed)

    def mend(self) -> None:
        self._run(self._mend())

    # ── the relay's own thread ─────────────────────────────────────────────────────────────────────────────────

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._relay, "localhost", self._relay_port)

    async def _refuse(self) -> None:
        self._server.close()
        for stream in list(self._streams):
            stream.transport.abort()

    async def _mend(self) -> None:
        self._let_media_flow(True)
        self._streams_flow.set()
        if not self._server.is_serving():
            await self._listen()

    async def _end(self) -> None:
        self._streams_flow.set()
        # What relays a stream ends when its connections do: asyncio complains of a handler that is cancelled.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await self._refuse()
            await asyncio.wait(others, timeout=0.1)
        for waiting in self._waiting:
            waiting.cancel()
        for flow in self._flows.values():
            self._loop.remove_reader(flow.upstream)
            flow.upstream.close()
        self._loop.remove_reader(self._front)
        self._front.close()

    def _let_media_flow(self, flows: bool) -> None:
        self._media_flows = flows

    def _change_weather(self, weather: Weather) -> None:
        self._sky = Sky(weather)

    def _later(self, send: Callable[[], object]) -> None:
        delay_s = self._sky.weather.delay_s
        if delay_s > 0:
            now = self._loop.time()
            while self._waiting and self._waiting[0].when() < now:
                self._waiting.popleft()
            self._waiting.append(self._loop.call_later(delay_s, send))
        else:
            send()

    async def _cut_voices(self) -> None:
        speaking: set[bytes] = set()
        while not speaking:
            before = [(flow, flow.sent, flow.received) for flow in self._flows.values()]
            await asyncio.sleep(LISTENS_FOR_S)
            speaking = {
                flow.session
                for flow, sent, received in before
                if carries_a_voice(flow.sent - sent, flow.received - received)
            }
        self._cut |= speaking

    def _passes(self, flow: Flow) -> bool:
        return self._media_flows and flow.session not in self._cut

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            above_reader, above = await asyncio.open_connection(LOOPBACK, self.ports["EDGE_PORT"])
        except ConnectionError:
            writer.transport.abort()  # The server is away, and whoever asks is told so.
            return
        self._streams |= {writer, above}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pour(reader, above))
                both.create_task(self._pour(above_reader, writer))
        except* ConnectionError:
            pass  # One of the two ends is gone, and the other goes with it.
        finally:
            self._streams -= {writer, above}
            writer.transport.abort()
            above.transport.abort()

    async def _pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._streams_flow.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    def _from_browser(self) -> None:
        datagram, browser = self._front.recvfrom(DATAGRAM)
        flow = self._flows.get(browser) or self._new_flow(browser)
        flow.sent += len(datagram)
        flow.session = user_names(datagram) or flow.session
        if self._passes(flow):
            self._later(lambda: flow.upstream.sendto(datagram, self._media))

    def _from_server(self, flow: Flow, browser: Address) -> None:
        datagram = flow.upstream.recv(DATAGRAM)
        flow.received += len(datagram)
        if self._passes(flow) and not self._sky.takes(datagram):
            self._later(lambda: self._front.sendto(datagram, browser))

    def _new_flow(self, browser: Address) -> Flow:
        flow = self._flows[browser] = Flow(udp_socket((self._media[0], 0)))
        self._loop.add_reader(flow.upstream, self._from_server, flow, browser)
        return flow

    # ── from the test's thread ─────────────────────────────────────────────────────────────────────────────────

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=20)

    def _call(self, change: Callable[[], None]) -> None:
        async def work() -> None:
            change()

        self._run(work())


def user_names(datagram: bytes) -> bytes | None:
    """USERNAME of a STUN binding request (RFC 8489, section 14.3); other datagrams have none."""
    if datagram[:2] != BINDING_REQUEST:
        return None
    at = 20
    while at + 4 <= len(datagram):
        kind, length = struct.unpack_from("!HH", datagram, at)
        if kind == USERNAME:
            return datagram[at + 4 : at + 4 + length]
        at += 4 + (length + 3) // 4 * 4
    return None


def own_address() -> str:
    """Where the machine's browsers look from: a Firefox away from loopback sends nothing to loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
        except OSError:
            return "127.0.0.2"  # There is no network, and loopback is all there is.
        return str(probe.getsockname()[0])


def udp_socket(address: Address) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(address)
    bound.setblocking(False)
    return bound
