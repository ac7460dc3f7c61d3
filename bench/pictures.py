"""The pictures of docs/bench.md, from the rows of bench/results.json, and what each picture has in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Line = dict[str, Any]

HEAD_ROOM = 1.08
"""An axis ends above the highest point."""


def draw_packets(lines: list[Line], path: Path) -> bool:
    """CPU per packet against listeners, server and raw; False when it was not measured."""
    points = _points(lines, "cpu_per_packet_vs_raw")
    if not points:
        return False
    with panels(path, 1) as (axes,):
        axes.set(xlabel="listeners", ylabel="CPU per packet, µs")
        listeners = [point[0] for point in points]
        axes.plot(listeners, [point[1] for point in points], "o-", label="server")
        axes.plot(listeners, [point[2] for point in points], "s--", label="raw limit")
        axes.legend(loc="lower right")
    return True


def draw_listeners(lines: list[Line], path: Path) -> bool:
    """How much of a core so many listeners take, and how late the last one hears; False when it was not measured."""
    searched = {"20 ms": "listeners_one_core_20ms", "packs of 120 ms": "listeners_one_core_packed"}
    found = {label: points for label, name in searched.items() if (points := _points(lines, name))}
    if not found:
        return False
    with panels(path, 2) as both:
        for at, (axes, title) in enumerate(zip(both, ("% of a core", "last after first, ms"), strict=True)):
            for label, points in found.items():
                ordered = sorted((point[0], point[at + 1]) for point in points)
                axes.plot(*zip(*ordered, strict=True), "o-", label=label)
            axes.set(xlabel="listeners", ylabel=title)
            axes.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
        both[0].legend(loc="lower right")
    return True


def draw_latency(lines: list[Line], path: Path) -> bool:
    """How long frames took to the last listener, by percentile; False when it was not measured."""
    names = {100: "added_latency_p99_ms_100", 20_000: "added_latency_p99_ms_20000"}
    found = {count: points for count, name in names.items() if (points := _points(lines, name))}
    if not found:
        return False
    with panels(path, 1) as (axes,):
        for count, points in found.items():
            labels = ["the slowest" if point[0] == 1 else f"{100 * point[0]:g} %" for point in points]
            axes.plot(labels, [point[1] for point in points], "o-", label=f"{count:,} listeners")
        # One stop of the machine would press all the rest onto the ground.
        axes.set(xlabel="frames", ylabel="speaker in to last listener out, ms", yscale="log")
        axes.yaxis.set_major_formatter(lambda ms, _: f"{ms:g}")
        axes.legend(loc="center right")
    return True


def _points(lines: list[Line], name: str) -> list[list[float]]:
    return next((line["points"] for line in lines if line["name"] == name), [])


@contextmanager
def panels(path: Path, count: int, *, share_y: bool = False) -> Iterator[list[Any]]:
    """Axes side by side, which are drawn into `path` in the end; those that share theirs do not begin at nought."""
    import matplotlib

    matplotlib.use("svg")
    # The same measurements give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "palabre"
    from matplotlib import pyplot as plt

    size = (7 if count == 1 else 10, 4)
    figure, grid = plt.subplots(1, count, figsize=size, sharey=share_y, squeeze=False, layout="constrained")
    yield list(grid[0])
    for axes in grid[0]:
        if axes.get_yscale() == "linear" and not share_y:
            axes.set(ylim=(0, axes.dataLim.y1 * HEAD_ROOM))
        axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
