"""What `make bench` says of what it measured."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench import loss, measures, namespace, raw, search, whole
from bench.__main__ import SMALL
from bench.crowd import FORWARDED, Bench, Listened
from bench.report import PICTURES, RESULTS, _merged, table
from bench.rows import TARGETS, Results, Row
from bench.server import Cpu


def lines(*rows: Row) -> list[dict[str, Any]]:
    return Results(list(rows)).as_json(machine="here", command="bench", date="2026-11-21")


def listened(
    lost_percent: float = 0.0,
    spread_ms: float = 1.0,
    dropped: int = 0,
    silent: int = 0,
    gone: int = 0,
    count: int = 2000,
) -> Listened:
    figures = {
        "listeners": count,
        "silent_listeners": silent,
        "still_connected": count - gone,
        "received": 1000,
        "seconds": 1.0,
        "lost_percent": lost_percent,
        "last_listener_after_first_ms": {"p99": spread_ms},
        "dropped_by_generator": dropped,
    }
    return Listened(figures, Cpu(0.001, 0.001, 0.001), 0)


def test_the_cost_of_a_packet_is_judged_by_its_ratio_and_any_other_row_by_its_value() -> None:
    assert Row("cpu_per_packet_vs_raw", 5.0, "µs", "", limit=4.0).reached
    assert not Row("cpu_per_packet_vs_raw", 6.0, "µs", "", limit=4.0).reached
    assert not Row("cpu_per_packet_vs_raw", 0.9, "µs", "").reached, "nothing to compare with"
    assert Row("joins_per_second", 1001, "1/s", "", limit=7000).reached
    assert Row("join_p99_ms", 3, "ms", "").reached is None


def test_a_row_that_was_not_measured_again_stays_and_a_new_one_takes_its_place() -> None:
    old = lines(Row("idle_cpu_percent", 0.4, "%", ""), Row("join_p99_ms", 9.0, "ms", ""))
    new = lines(Row("join_p99_ms", 3.0, "ms", ""), Row("joins_per_second", 5.0, "1/s", ""))
    merged = {line["name"]: line["value"] for line in _merged(old, new)}
    assert merged == {"idle_cpu_percent": 0.4, "join_p99_ms": 3.0, "joins_per_second": 5.0}


def test_the_table_shows_rows_with_a_target_first_and_with_it() -> None:
    text = table(lines(Row("join_p99_ms", 9.0, "ms", ""), Row("listeners_one_core_packed", 20_500, "", "")))
    first, second = text.splitlines()
    assert all(part in first for part in ("listeners_one_core_packed", "20,500", "≥ 20,000"))
    assert "join_p99_ms" in second


def test_every_picture_is_drawn_from_the_rows_that_are_kept(tmp_path: Path) -> None:
    kept = json.loads(RESULTS.read_text())
    for name, (_, draw) in PICTURES.items():
        assert draw(kept, tmp_path / f"{name}.svg"), "it was measured"
        assert not draw([], tmp_path / "nothing.svg")
    loss.draw(kept, tmp_path / "losses.svg")
    assert len(list(tmp_path.iterdir())) == len(PICTURES) + 1


@pytest.mark.parametrize(
    ("heard", "keeps_up"),
    [
        (listened(), True),
        (listened(lost_percent=0.2), False),
        (listened(spread_ms=21.0), False),
        (listened(silent=1), True),
        (listened(silent=3), False),
        (listened(gone=3), False),
        (listened(lost_percent=0.06, silent=1), False),
    ],
)
def test_a_server_keeps_up_when_all_hear_without_loss_and_before_the_next_packet_is_due(
    heard: Listened, keeps_up: bool
) -> None:
    assert heard.keeps_up is keeps_up


def test_what_the_generator_lost_is_not_the_servers() -> None:
    assert listened().is_the_servers
    assert not listened(dropped=1).is_the_servers


def test_the_cost_of_a_packet_is_told_for_each_size_and_judged_for_the_largest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costs = {250: (3.0, 2.0), 1000: (5.0, 4.0), 2000: (4.0, 3.5)}
    monkeypatch.setattr(measures, "_packets", lambda _, listeners: (listeners, *costs[listeners]))
    size = replace(SMALL, packets=tuple(costs))
    bench = Bench(Path(), namespace.LOOPBACK, None, None, size, Results())
    measures.packets(bench)
    (row,) = bench.results.rows
    assert (row.value, row.limit, row.reached, len(row.points)) == (4.0, 3.5, True, 3)
    assert "1.50 with 250, 1.25 with 1000, 1.14 with 2000" in row.what


def test_sound_that_nobody_heard_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="nobody heard"):
        whole.delay_p99_ms({"frames_found": 0, "frame_to_last_listener_ms": {"p99": None}})


def test_cpu_per_packet_counts_all_threads() -> None:
    assert listened().cpu_us_per_packet == pytest.approx(3.0)


def search_where(holds: int, monkeypatch: pytest.MonkeyPatch, most: int = 8000) -> Row:
    """The row of a search on a machine that keeps up with so many listeners."""

    def tried(_bench: Bench, count: int, tries: Any) -> None:
        tries.by_count[count] = listened(spread_ms=20 * count / holds, count=count)

    def ramp(bench: Bench, bounds: tuple[int, int], tries: Any) -> None:
        for count in (2000, 2400, 2880, 3456, 4147, 4976, 5971, 7165, most):
            tried(bench, count, tries)
            if not tries.by_count[count].keeps_up:
                return

    monkeypatch.setattr(search, "_try", tried)
    monkeypatch.setattr(search, "_ramp", ramp)
    monkeypatch.setattr(raw, "sending", lambda *_: raw.Sending(us_per_packet=2.5, kb_per_listener=0.6))
    bench = Bench(Path(), namespace.LOOPBACK, None, None, SMALL, Results())
    search._search(bench, "listeners_one_core_20ms", (2000, most), search._Tried(FORWARDED, {}, 50.0))
    return bench.results.rows[0]


@pytest.mark.parametrize("holds", [2001, 3000, 4090, 7900])
def test_the_most_that_one_core_serves_is_found_to_within_three_in_a_hundred(
    holds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = search_where(holds, monkeypatch)
    assert row.value <= holds < row.value * 1.03
    assert row.limit == 8000, "a second of one core over fifty packets of 2.5 µs"
    assert [point[0] for point in row.points] == sorted(point[0] for point in row.points)


def test_a_search_that_finds_no_end_says_so_and_one_that_finds_no_beginning_holds_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    endless = search_where(100_000, monkeypatch)
    assert (endless.value, "more were not tried" in endless.what) == (8000, True)
    assert search_where(100, monkeypatch).value == 0


@pytest.mark.parametrize(
    "why",
    [
        PermissionError("not permitted"),
        FileNotFoundError("no ip"),
        subprocess.CalledProcessError(1, ["ip"]),
    ],
)
def test_where_no_veth_pair_can_be_made_everything_goes_over_loopback_and_says_so(
    why: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_names: str) -> None:
        raise why

    monkeypatch.setattr(namespace, "MACHINE_WIDE", {})
    monkeypatch.setattr(namespace, "_make", refuse)
    with namespace.made(None, None) as network:
        assert network is namespace.LOOPBACK
    assert "over loopback" in capsys.readouterr().err


def test_what_a_queue_or_a_ring_had_no_room_for_counts_as_dropped_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = tmp_path / "7" / "net"
    net.mkdir(parents=True)
    (net / "softnet_stat").write_text("00ff 00000010 0000\n00ff 00000001 0000\n")
    received, sent = "9 9 9 99 9 9 9 9", "9 9 9 5 9 9 9 9"
    (net / "dev").write_text(f"Inter-|\n face |bytes\n    lo: {received} {sent}\ntoward: {received} {sent}\n")
    monkeypatch.setattr(namespace, "PROC", tmp_path)
    assert namespace.dropped_on_the_way(7) == 16 + 1 + 5


def test_every_target_names_a_bound() -> None:
    assert all(sign in "≤≥" and bound > 0 for sign, bound in TARGETS.values())
