"""The section of docs/bench.md about real browsers, from the rows of bench/results.json."""

from typing import Any

PREFIX = "browser_stoi_"
SUBJECTS = {
    "forwarded": "Palabre, forwarded",
    "pack60": "Palabre, packs of 60 ms",
    "pack100": "Palabre, packs of 100 ms",
    "pack120": "Palabre, packs of 120 ms",
    "janus": "Janus, as it comes",
    "janus-nack": "Janus, its offer altered to name NACKs",
}
"""What is listened to, by its name on the command line."""
WEATHER = [(0.0, 1), (0.01, 1), (0.05, 1), (0.1, 1), (0.05, 3), (0.1, 3)]
"""Loss, and packets lost in a row on average."""

SECTION = """\
## Palabre and Janus in browsers

Intelligibility (STOI) of what a real listener plays: the web client at Palabre, a page of ten lines at Janus's
streaming plugin, which is fed with the same voice, encoded in the same way. A relay between server and browser takes
20 ms each way and loses sound on the way down by a rule with a seed: the n-th packet of a stream has the same fate in
every run. Everything else is real time, so runs differ: of the windows of ten seconds behind each figure the lowest and
the highest are in brackets. Palabre's web client asks for lost packets again (NACK) by altering its offer; Janus does
not offer that for sound, and has a line of its own where the page alters the offer to name it. Whoever loses too much
of the packs is sent the short packets of what is forwarded, and its browser waits longer for what comes again (ADR 36);
Firefox, which never asks, is sent each of them twice (ADR 37). This takes some seconds, so the first 12 s of each
weather are not judged. By `make bench-browsers`; while these figures were taken, {load} programs at a time wanted
one of the machine's cores.

{table}
"""


def row_name(kind: str, subject: str, loss: float, burst: float) -> str:
    return f"{PREFIX}{kind}_{subject}_{'bursts' if burst > 1 else 'random'}_{loss * 100:g}"


def section(rows: list[dict[str, Any]]) -> str:
    """Empty while nothing was measured."""
    found = {row["name"]: row for row in rows}
    lines = [
        f"| {kind.title()} | {title} | " + " | ".join(cells) + " |"
        for kind in ("chromium", "firefox")
        for subject, title in SUBJECTS.items()
        if any(cells := [_cell(found.get(row_name(kind, subject, *one))) for one in WEATHER])
    ]
    if not lines:
        return ""
    head = ["| browser | what it hears | " + " | ".join(map(_named, WEATHER)) + " |", "|---" * 8 + "|"]
    loads = [row["load"] for row in rows if row["name"].startswith(PREFIX)]
    return SECTION.format(table="\n".join([*head, *lines]), load=f"{min(loads):.0f} to {max(loads):.0f}")


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    windows = [point[0] for point in row["points"]]
    return f"{row['value']:.3f} ({min(windows):.2f}–{max(windows):.2f})"


def _named(weather: tuple[float, int]) -> str:
    loss, burst = weather
    return f"{loss:.0%}" + (f", {burst} in a row" if burst > 1 else "")
