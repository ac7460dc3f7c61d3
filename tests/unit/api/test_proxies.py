"""Whose a request is when proxies stand between."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palabre.api.proxies import UNKNOWN, Proxies, ip_of

TABLE = json.loads((Path(__file__).parents[2] / "vectors" / "forwarded.json").read_text())
PROXY, CLIENT = "127.0.0.1", "203.0.113.5"

hops = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"127.0.0.1", b"::ffff:127.0.0.1", b"[::1]:80", b"unknown", b"", b"10.0.0.1:80", b"\xff"]
    ),
)


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: f"{case['peer']} {case['lines']}")
def test_a_request_is_whose_the_table_says(case: dict[str, Any]) -> None:
    lines = [line.encode("latin-1") for line in case["lines"]]
    assert Proxies(TABLE["proxies"]).sender(case["peer"], lines) == case["sender"]


@given(st.lists(hops), st.booleans())
def test_whatever_a_client_writes_the_proxy_has_the_last_word(written: list[bytes], one_line: bool) -> None:
    lines = [b", ".join([*written, CLIENT.encode()])] if one_line else [*written, CLIENT.encode()]
    assert Proxies([PROXY]).sender(PROXY, lines) == CLIENT


@given(st.lists(hops, min_size=1))
def test_nobody_has_a_proxys_rights_whom_it_cannot_name(written: list[bytes]) -> None:
    sender = Proxies([PROXY]).sender(PROXY, [*written, b"unknown"])
    assert sender == UNKNOWN
    assert str(ip_of(sender)) == sender


def test_a_local_sockets_client_is_nobodys_proxy() -> None:
    assert Proxies([PROXY]).sender("/run/palabre.sock", [CLIENT.encode()]) == "/run/palabre.sock"
    assert not Proxies([PROXY]).has("/run/palabre.sock")


def test_only_a_proxy_is_believed_about_the_scheme() -> None:
    def seen(peer: str, *headers: tuple[bytes, bytes]) -> tuple[Any, Any]:
        scope: dict[str, Any] = {"type": "http", "client": (peer, 4711), "scheme": "http", "headers": headers}
        Proxies([PROXY]).believe(scope)
        return scope["client"], scope["scheme"]

    told = ((b"x-forwarded-proto", b"https"), (b"x-forwarded-for", CLIENT.encode()))
    assert seen("::ffff:127.0.0.1", *told) == ((CLIENT, 0), "https")
    assert seen("198.51.100.1", *told) == (("198.51.100.1", 4711), "http")
    assert seen(PROXY, (b"x-forwarded-proto", b"gopher")) == ((PROXY, 4711), "http")
