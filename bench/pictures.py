"""The pictures of docs/bench.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def draw_packets(lines: list[Line], path: Path) -> bool:
    """CPU per packet against listeners, server and raw; False when it was not measured."""
    points = _points(lines, "cpu_per_packet_vs_raw")
    if not points:
        return False
    with _axes(path, xlabel="listeners", ylabel="CPU per packet, µs") as axes:
        listeners = [point[0] for point in points]
        axes.plot(listeners, [point[1] for point in points], "o-", label="server")
        axes.plot(listeners, [point[2] for point in points], "s--", label="raw limit")
    return True


def draw_listeners(lines: list[Line], path: Path) -> bool:
    """How much of a core so many listeners take, and how late the last one hears; False when it was not measured."""
    searched = {"20 ms": "listeners_one_core_20ms", "packs of 120 ms": "listeners_one_core_packed"}
    found = {label: points for label, name in searched.items() if (points := _points(lines, name))}
    if not found:
        return False
    with _axes(
        path, xlabel="listeners", ylabel="% of a core (solid), last after first in ms (dotted)"
    ) as axes:
        for colour, (label, points) in zip(("tab:blue", "tab:orange"), found.items(), strict=False):
            listeners = [point[0] for point in points]
            axes.plot(listeners, [point[1] for point in points], "o-", color=colour, label=label)
            axes.plot(listeners, [point[2] for point in points], "s:", color=colour)
    return True


def draw_latency(lines: list[Line], path: Path) -> bool:
    """How long frames took to the last listener, by percentile; False when it was not measured."""
    names = {100: "added_latency_p99_ms_100", 20_000: "added_latency_p99_ms_20000"}
    found = {count: points for count, name in names.items() if (points := _points(lines, name))}
    if not found:
        return False
    with _axes(path, xlabel="percentile", ylabel="speaker in to last listener out, ms") as axes:
        for count, points in found.items():
            label = [f"{100 * point[0]:g}" for point in points]
            axes.plot(label, [point[1] for point in points], "o-", label=f"{count:,} listeners")
        axes.set_yscale("log")  # one stop of the machine would press all the rest onto the ground
    return True


def _points(lines: list[Line], name: str) -> list[list[float]]:
    return next((line["points"] for line in lines if line["name"] == name), [])


@contextmanager
def _axes(path: Path, **labels: str) -> Iterator[Any]:
    import matplotlib

    matplotlib.use("svg")
    # The same measurements give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "palabre"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.5))
    yield axes
    axes.set(**labels)
    if axes.get_yscale() == "linear":
        axes.set(ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
