"""`palabre doctor --capacity` on the real engine."""

import pytest
from typer.testing import CliRunner

from palabre._engine import event_streams_within, measure_send
from palabre.cli import app, capacity


def test_sending_a_packet_takes_some_cpu() -> None:
    assert 0.2 < measure_send(100, 0.1) < 1000


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        measure_send(100, -1.0)


def test_event_streams_leave_open_files_for_everything_else() -> None:
    assert event_streams_within(0) == 0
    assert 0 < event_streams_within(1024) < 768
    assert 20_000 <= event_streams_within(32_768) < 32_768
    assert event_streams_within(100_000) == event_streams_within(2**31)


def test_doctor_says_how_many_listeners_this_machine_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "MEASURED_S", 0.05)
    result = CliRunner().invoke(app, ["doctor", "--capacity"], env={"PALABRE_SHARDS": "2"})
    assert result.exit_code == 0, result.output
    for kind in capacity.CLASSES:
        assert f"\n{kind.name}:\n  in one voice chat: " in result.stdout
    assert result.stdout.count("  on this server, in several voice chats: ") == len(capacity.CLASSES)
