"""Settings: read once from PALABRE_* environment variables, typed and frozen."""

import difflib
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

PREFIX = "PALABRE_"


class BadSettings(Exception):
    """A setting is unknown or has a value that cannot be used; the message is one line for the operator."""


def _without_slash(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("a URL starts with http:// or https://")
    return url.rstrip("/")


def _ip_address(text: str) -> str:
    return str(ipaddress.ip_address(text))


def _ip_network(text: str) -> str:
    return str(ipaddress.ip_network(text))


Port = Annotated[int, Field(ge=0, le=65535)]
Address = Annotated[str, AfterValidator(_ip_address)]
Network = Annotated[str, AfterValidator(_ip_network)]
Url = Annotated[str, AfterValidator(_without_slash)]


class Limits(BaseModel):
    """What one server grants. A refusal names the limit by the field's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    body_bytes: int = Field(65_536, ge=1_024, description="largest request body, bytes")
    connections: int = Field(
        20_000,
        ge=1,
        description="connections to the API; never more than a quarter of the open files allowed",
    )
    address_connections: int = Field(2_000, ge=1, description="connections of one address to the API")
    address_requests_per_s: float = Field(50, gt=0, description="requests of one address, sustained")
    address_burst: int = Field(300, ge=1, description="requests of one address at once")
    account_requests_per_s: float = Field(20, gt=0, description="requests of one account, sustained")
    account_burst: int = Field(100, ge=1, description="requests of one account at once")
    sign_ins_per_minute: float = Field(10, gt=0, description="attempts per address and handle, sustained")
    sign_in_burst: int = Field(10, ge=1, description="attempts per address and handle at once")
    sign_ups_per_minute: float = Field(10, gt=0, description="new accounts of one address, sustained")
    sign_up_burst: int = Field(30, ge=1, description="new accounts of one address at once")
    chats_per_account: int = Field(200, ge=1, description="chats an account may own")
    live_rooms: int = Field(1_000, ge=1, description="live voice chats on this server")
    participants: int = Field(20_000, ge=2, description="people in one voice chat")


class Settings(BaseModel):
    """Everything an operator may set. `docs/operate/settings.md` lists the same names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(Path("data"), description="folder for the database, voice messages and keys")
    database_url: str | None = Field(None, description="postgresql://…; SQLite in the data folder otherwise")
    http_host: str = Field("0.0.0.0", description="address the API and the edge listen on")
    http_port: Port = Field(8080, description="TCP port of the API and the web pages")
    edge_port: Port = Field(8081, description="TCP port of the edge (WHIP, WHEP, events); 0 = any free one")
    media_host: str = Field("0.0.0.0", description="address the media listens on; :: for IPv6 as well")
    media_port: Port = Field(8082, description="UDP port of the media; 0 = any free one")
    public_url: Url | None = Field(None, description="address people open, when a proxy stands before it")
    edge_url: Url | None = Field(
        None, description="address of the edge; else the request's host and edge_port"
    )
    proxies: tuple[Address, ...] = Field(
        ("127.0.0.1", "::1"),
        description="IP addresses of proxies, commas between; their X-Forwarded-For is believed",
    )
    metrics_for: tuple[Network, ...] = Field(
        ("127.0.0.1/32", "::1/128"),
        description="IP addresses or networks that may read the metrics, commas between",
    )
    media_addresses: tuple[Address, ...] = Field(
        (), description="IP addresses told to browsers, commas between; else all of the machine's own"
    )
    # The engine writes a thread's number into one byte of each connection's name.
    shards: int = Field(
        1, ge=1, le=255, description="media threads, at most 255; one voice chat is served by one of them"
    )
    pin_shards: Literal["auto", "yes", "no"] = Field(
        "auto",
        description="each media thread keeps to a core: auto (several threads, as many cores), yes, no",
    )
    floor_above: int = Field(
        50, ge=0, description="voice chats with more listeners send them one mix instead of each speaker"
    )
    floor_frames: Literal["auto", "1", "3", "5", "6"] = Field(
        "auto",
        description="frames of 20 ms in a packet of that mix: 1, 3, 5, 6, or auto by the number of listeners",
    )
    session_days: int = Field(30, ge=1, description="a sign-in lasts this long")
    empty_room_s: float = Field(
        600, gt=0, description="a voice chat nobody is in ends after this many seconds"
    )
    log_format: str = Field("console", pattern="^(console|json)$", description="console or json")
    limits: Limits = Field(default_factory=lambda: Limits())


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of `environ`. Raises BadSettings for an unknown PALABRE_* key or a bad value."""
    _refuse_unknown(environ)
    given = {
        name: _parts(environ[key]) if name in _LISTS else environ[key]
        for name, key in variables(Settings).items()
        if key in environ
    }
    limits = {name: environ[key] for name, key in variables(Limits).items() if key in environ}
    try:
        return Settings.model_validate({**given, "limits": Limits.model_validate(limits)})
    except ValidationError as error:
        raise BadSettings(_one_line(error)) from error


def variables(model: type[BaseModel]) -> dict[str, str]:
    """Field name → environment variable, of Settings or Limits."""
    prefix = f"{PREFIX}LIMIT_" if model is Limits else PREFIX
    return {name: f"{prefix}{name.upper()}" for name in model.model_fields if name != "limits"}


_LISTS = ("proxies", "metrics_for", "media_addresses")


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = {*variables(Settings).values(), *variables(Limits).values()}
    for key in sorted(environ):
        if key.startswith(PREFIX) and key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known ones: {', '.join(sorted(known))}."
            raise BadSettings(f"There is no setting {key}. {hint}")


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    model = Limits if error.title == Limits.__name__ else Settings
    name = str(first["loc"][0])
    return f"{variables(model).get(name, name)}: {first['msg']} (it is {first['input']!r})."
