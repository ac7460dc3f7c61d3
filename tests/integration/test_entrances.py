"""Listeners for a load test of one's own server: made on it, and let in by it."""

import json
import sys
from pathlib import Path

import httpx
import pytest

pytest.importorskip("palabre._engine", reason="the engine is not built: run `make engine-dev`")

from bench import entrances
from bench.namespace import LOOPBACK
from bench.people import sign_up
from bench.server import Server, running


def made(server: Server, handle: str, monkeypatch: pytest.MonkeyPatch) -> int:
    arguments = ["--data", str(server.data), "--url", server.url, "--chat", handle, "--count", "2"]
    monkeypatch.setattr(sys, "argv", ["entrances", *arguments])
    return entrances.main()


def test_the_listeners_that_are_made_are_let_into_the_voice_chat_of_that_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, LOOPBACK, None) as server:
        host = sign_up(server.url)
        chat = {"kind": "channel", "title": "Talks", "visibility": "public", "handle": "talks"}
        at = host.post("/chats", chat)["id"]
        assert made(server, "talks", monkeypatch) == 1
        assert "no voice chat now" in capsys.readouterr().err
        host.post(f"/chats/{at}/rooms")
        assert made(server, "talks", monkeypatch) == 0
        for line in capsys.readouterr().out.splitlines():
            one = json.loads(line)
            session = {"Authorization": f"Bearer {one['session']}"}
            joined = httpx.post(one["join_url"], json=one["body"], headers=session)
            assert joined.json()["ticket"]


def test_who_names_no_data_folder_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ["--data", str(tmp_path), "--url", "http://localhost", "--chat", "talks"]
    monkeypatch.setattr(sys, "argv", ["entrances", *nowhere])
    assert entrances.main() == 1
    assert "--data" in capsys.readouterr().err
