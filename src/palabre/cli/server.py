"""`palabre serve`: the engine, the HTTP server, and a clear line when one of them cannot start."""

import asyncio
import contextlib
import errno
import gc
import os
import resource
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from palabre._engine import Engine, summarise_recording
from palabre.adapters.sql.migrate import DatabaseUnusable
from palabre.api.app import create_app
from palabre.api.protocol import protocol_of
from palabre.bootstrap import Media, running
from palabre.cli.files import raise_open_files
from palabre.cli.logs import set_up_logs
from palabre.config import Settings

log = structlog.get_logger(__name__)

GOODBYE_S = 5
"""How long requests may still run after a signal to stop."""


BACKLOG = 2048
"""Connections that may wait to be accepted; the kernel refuses more."""


BEHIND_VOICES = 5
"""How nice the loop is: on a core that both want, voices get three times as much, and at once."""


YOUNG = 10_000
"""Objects that are made before the collector looks through the newest ones. With Python's 700 it takes a tenth of each
join's time, and finds next to nothing: what a request leaves behind is not in circles."""


SHARE_OF_FILES = 4
"""One in so many of the files that this process may open is the API's connections, at most. Event streams, the media
and the database open theirs."""


ALL_SESSIONS = 50_000
"""Sessions of all voice chats, where one alone may not have more."""


class CannotStart(Exception):
    """One line: what is in the way, and the remedy."""


def run_server(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM. Raises CannotStart."""
    set_up_logs(settings.log_format)
    files = raise_open_files()
    _prepare_folder(settings.data)
    ticket_key = _ticket_key(settings.data / "ticket.key")
    with _http_socket(settings) as http, _engine(settings, ticket_key) as engine:
        _step_back()
        media = Media(engine, engine.edge_port, ticket_key, _summarise)
        uvloop.run(_serve(settings, media, http, connections_of(settings, files)))


def connections_of(settings: Settings, files: int) -> int:
    """How many the API may have, in a process that may open so many files."""
    most = settings.limits.connections
    return most if files == resource.RLIM_INFINITY else max(1, min(most, files // SHARE_OF_FILES))


def _step_back() -> None:
    """Behind the engine's threads, which run already: a decision may wait for a voice. Linux counts it per thread,
    and threads that are begun from here inherit it."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND_VOICES)


def _summarise(path: Path) -> tuple[int, bytes]:
    return summarise_recording(str(path))


async def _serve(settings: Settings, media: Media, http: socket.socket, connections: int) -> None:
    try:
        async with running(settings, media) as services:
            server = _Server(_uvicorn(create_app(services), settings, connections))
            # What is there now stays: the collector need not look through it again and again while thousands join.
            gc.collect()
            gc.freeze()
            gc.set_threshold(YOUNG)
            for name in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(name, server.stop)
            _say_hello(settings, http, media)
            await server.serve(sockets=[http])
    except DatabaseUnusable as error:
        what = (
            "PostgreSQL (PALABRE_DATABASE_URL)" if settings.database_url else f"in {settings.data.absolute()}"
        )
        raise CannotStart(
            f"The database {what} cannot be used: {error}. Check that it runs and is ours."
        ) from error


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn would raise the signal again when it is done, before the engine has said goodbye.
        yield

    async def main_loop(self) -> None:
        # uvicorn's own looks ten times a second whether it is to stop. The Date header wants one look.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopped.wait()

    def stop(self) -> None:
        self.should_exit = True
        self._stopped.set()


def _uvicorn(app: FastAPI, settings: Settings, connections: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol_of(app, connections=connections),
        loop="none",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application knows its proxies
        timeout_graceful_shutdown=GOODBYE_S,
    )


def _prepare_folder(data: Path) -> None:
    try:
        for folder in (data, data / "recordings", data / "blobs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(_unwritable(data, error)) from error
    if not os.access(data, os.W_OK | os.X_OK):
        raise CannotStart(_unwritable(data, PermissionError(errno.EACCES, "Permission denied")))


def _unwritable(data: Path, error: OSError) -> str:
    why = error.strerror or str(error)
    return f"The data folder {data.absolute()} cannot be written ({why}). Set PALABRE_DATA to one that can."


def _ticket_key(path: Path) -> bytes:
    """The key of all tickets; kept, so that a restart does not lock anybody out."""
    try:
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
        key = path.read_bytes()
    except OSError as error:
        raise CannotStart(_unwritable(path.parent, error)) from error
    if len(key) != 32:
        raise CannotStart(f"{path} is not a key of 32 bytes. Delete it; a new one is made at the next start.")
    return key


def _http_socket(settings: Settings) -> socket.socket:
    host, port = settings.http_host, settings.http_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise CannotStart(_unbindable("TCP", f"{host}:{port}", "PALABRE_HTTP_PORT", error)) from error
    bound.setblocking(False)
    return bound


def _unbindable(protocol: str, address: str, setting: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{protocol} {address} is in use. Stop the other program, or set {setting} to another port."
    return f"{protocol} {address} cannot be used ({error.strerror or error}). Set {setting} to another port."


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@contextlib.contextmanager
def _engine(settings: Settings, ticket_key: bytes) -> Iterator[Engine]:
    try:
        engine = Engine(
            edge_bind=_joined(settings.http_host, settings.edge_port),
            media_bind=_joined(settings.media_host, settings.media_port),
            media_addresses=list(settings.media_addresses),
            ticket_key=ticket_key,
            shards=settings.shards,
            pin_shards=settings.pin_shards,
            # Whoever may speak has two: one that speaks, one that listens.
            max_sessions=max(ALL_SESSIONS, 2 * settings.limits.participants),
            max_sessions_per_room=2 * settings.limits.participants,
            floor_above=settings.floor_above,
            floor_frames=None if settings.floor_frames == "auto" else int(settings.floor_frames),
            edge_cors_origins=[settings.public_url] if settings.public_url else [],
            edge_proxies=list(settings.proxies),
            metrics_for=list(settings.metrics_for),
        )
    except OSError as error:
        ports = "PALABRE_EDGE_PORT (TCP) or PALABRE_MEDIA_PORT (UDP)"
        raise CannotStart(f"The engine cannot start: {error}. Free the port, or set {ports}.") from error
    try:
        yield engine
    finally:
        engine.shutdown()


def _say_hello(settings: Settings, http: socket.socket, media: Media) -> None:
    address = settings.public_url or f"http://localhost:{http.getsockname()[1]}"
    log.info("serving", http=address, edge_port=media.edge_port, data=str(settings.data.absolute()))
    print(
        f"\n  Palabre is at {address}\n  First: open it, sign up, and make a group or a channel.\n",
        flush=True,
    )
