"""The engine: media, event streams and the HTTP doors of both, on threads of its own.

Commands are queued and never block; a full queue raises BufferError and takes nothing. After `shutdown` every command
raises RuntimeError. What happens in the engine comes out of `Engine.drain`.
"""

from collections.abc import Sequence
from os import PathLike
from typing import ClassVar, Literal, TypeAlias, final

__all__ = [
    "Connected",
    "Disconnected",
    "Engine",
    "EngineEvent",
    "RecordingFailed",
    "RecordingStopped",
    "SnapshotWanted",
    "StartedSpeaking",
    "event_streams_within",
    "measure_send",
    "summarise_recording",
]

_Door: TypeAlias = Literal["whip", "whep", "events"]

@final
class Engine:
    """One engine. Construction binds all ports and starts the threads.

    - `edge_bind`, `media_bind`: `address:port`, TCP and UDP; port 0 takes any free one.
    - `media_addresses`: IP addresses told to clients; the machine's own when empty.
    - `ticket_key`: the 32 bytes that tickets are signed with (HS256).
    - `edge_cors_origins`: origins whose pages may use the doors; all when empty.
    - `edge_proxies`: IP addresses of proxies whose X-Forwarded-For is believed.
    - `metrics_for`: networks (`address/length`) that may read the edge's metrics.
    - `max_*`: bounds; what would go beyond is refused with 503. `max_late_ms`: new listeners are refused while most
      of the sound leaves later than that; 0 for never.
    - `floor_above`: rooms with more listeners than this are packed: whoever may not speak hears the mix.
    - `floor_frames`: 20 ms frames in a packet of that mix, 1, 3, 5 or 6; by the number of listeners when None.

    How many connections and event streams the doors hold follows from the limit of open files that the process has now.

    Raises OSError, with errno and the address in it, when a port cannot be bound; ValueError for a malformed argument.
    """

    edge_port: int
    media_port: int
    event_fd: int
    """An eventfd, readable when `drain` has something."""

    def __new__(
        cls,
        *,
        edge_bind: str,
        media_bind: str,
        media_addresses: list[str],
        ticket_key: bytes,
        shards: int = 1,
        pin_shards: str = "auto",
        edge_cors_origins: list[str] = ...,
        edge_proxies: list[str] = ...,
        metrics_for: list[str] = ...,
        requests_per_s_per_address: int = 200,
        max_sessions: int = 50_000,
        max_sessions_per_room: int = 20_000,
        max_rooms: int = 10_000,
        max_late_ms: int = 20,
        floor_above: int = 50,
        floor_frames: int | None = None,
    ) -> Engine: ...
    def drain(self) -> list[EngineEvent]:
        """What happened since the last call, oldest first. Never blocks."""

    def open_room(self, room: str) -> None:
        """Makes a room that participants can be admitted to; one that is open stays as it is."""

    def close_room(self, room: str, code: str) -> None:
        """Ends a room: its recording is finished, everybody reads `code` in a `bye`, all sound stops."""

    def admit(self, room: str, participant: str, *, csrc: int, view: str, may_speak: bool) -> None:
        """Lets a participant in, or changes what it may do, from the next packet on. An open event stream whose `view`
        changes starts again with a snapshot of the new one."""

    def admit_all(self, room: str, people: Sequence[tuple[str, int, str, bool]]) -> int:
        """The same for several, each as (participant, csrc, view, may_speak), in one go; how many of them, from the
        first on, the engine had room for."""

    def remove(self, room: str, participant: str, code: str) -> None:
        """Ends a participant's sound and events now; the client reads `code` in a `bye`. No event follows."""

    def snapshot(self, topic: str, view: str, version: int, data: bytes) -> None:
        """What a viewer of that kind sees at `version`: one JSON document. Publish what leads to `version` first."""

    def publish(self, topic: str, view: str, after: int, version: int, data: bytes) -> None:
        """A change from version `after` to `version`: the whole JSON document of the `change` event.

        When `after` is not the version published last, readers get a fresh snapshot instead.
        """

    def close_topic(self, topic: str) -> None:
        """Ends the topic's streams without a `bye` and forgets what was published."""

    def start_recording(self, room: str, recording: str, title: str, path: str | PathLike[str]) -> None:
        """Records the room's mix as Ogg Opus into the new file `path`, `title` in its TITLE tag.

        RecordingFailed follows when it cannot.
        """

    def stop_recording(self, room: str, recording: str) -> None:
        """Finishes the recording; RecordingStopped follows when the file is whole."""

    def metrics(self) -> dict[str, float]:
        """Counters by name, as `/edge/v1/metrics` shows them."""

    def shutdown(self) -> None:
        """Finishes recordings, ends all streams and threads, and waits for them (about 2 s at most)."""

@final
class Connected:
    """A participant came in by a door it was not connected at."""

    __match_args__: ClassVar[tuple[str, str, str]]
    def __new__(cls, room: str, participant: str, door: _Door) -> Connected: ...
    @property
    def room(self) -> str: ...
    @property
    def participant(self) -> str: ...
    @property
    def door(self) -> _Door: ...

@final
class Disconnected:
    """A participant is gone from a door by itself; `reason` is a word for logs."""

    __match_args__: ClassVar[tuple[str, str, str, str]]
    def __new__(cls, room: str, participant: str, door: _Door, reason: str) -> Disconnected: ...
    @property
    def room(self) -> str: ...
    @property
    def participant(self) -> str: ...
    @property
    def door(self) -> _Door: ...
    @property
    def reason(self) -> str: ...

@final
class StartedSpeaking:
    """A participant is heard who was not heard before."""

    __match_args__: ClassVar[tuple[str, str]]
    def __new__(cls, room: str, participant: str) -> StartedSpeaking: ...
    @property
    def room(self) -> str: ...
    @property
    def participant(self) -> str: ...

@final
class SnapshotWanted:
    """Somebody waits for a snapshot: answer with `Engine.snapshot`."""

    __match_args__: ClassVar[tuple[str, str]]
    def __new__(cls, topic: str, view: str) -> SnapshotWanted: ...
    @property
    def topic(self) -> str: ...
    @property
    def view(self) -> str: ...

@final
class RecordingStopped:
    """The file at `path` is whole."""

    __match_args__: ClassVar[tuple[str, str, str, str]]
    def __new__(cls, room: str, recording: str, path: str, duration_ms: int) -> RecordingStopped: ...
    @property
    def room(self) -> str: ...
    @property
    def recording(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def duration_ms(self) -> int: ...

@final
class RecordingFailed:
    """The recording ended by an error of the disk; what was written stays."""

    __match_args__: ClassVar[tuple[str, str, str]]
    def __new__(cls, room: str, recording: str, reason: str) -> RecordingFailed: ...
    @property
    def room(self) -> str: ...
    @property
    def recording(self) -> str: ...
    @property
    def reason(self) -> str: ...

EngineEvent: TypeAlias = (
    Connected | Disconnected | StartedSpeaking | SnapshotWanted | RecordingStopped | RecordingFailed
)

def event_streams_within(open_files: int) -> int:
    """Event streams that a server holds at most where it may open so many files."""

def measure_send(listeners: int, seconds: float) -> float:
    """CPU time in µs of encrypting one packet and sending it over loopback, over `seconds` with `listeners` keys.

    Raises OSError when no socket can be made, ValueError for a time that is none.
    """

def summarise_recording(path: str) -> tuple[int, bytes]:
    """Duration in ms and 100 waveform levels (0 to 31) of the Ogg Opus file at `path`; a torn last page is cut off it.

    Raises OSError when the file cannot be read, ValueError when it holds no recording.
    """
