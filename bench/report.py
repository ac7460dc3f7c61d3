"""bench/results.json and docs/bench.md. Rows that were measured earlier stay until they are measured again."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import browser_page, loss
from bench.pictures import draw_latency, draw_listeners, draw_packets
from bench.rows import TARGETS, Results

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results.json"

PICTURES: dict[str, tuple[str, Callable[[list[dict[str, Any]], Path], bool]]] = {
    "bench-cpu": ("CPU per packet against the number of listeners", draw_packets),
    "bench-listeners": (
        "Share of a core, and how late the last one hears, against listeners",
        draw_listeners,
    ),
    "bench-latency": ("Latency by percentile", draw_latency),
}

Line = dict[str, Any]

OF_MEMORY = {"KB", "MB"}
"""Units of what does not depend on who else uses the cores."""
QUIET_LOAD = 2.5
"""The server and the generator keep a core busy each."""


def write(results: Results, command: str) -> None:
    """Writes everything again."""
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    about = {"machine": machine(), "command": command, "date": date, "sources": sources()}
    new = [line | {"load": round(load(), 1)} for line in results.as_json(**about)]
    lines = _merged(json.loads(RESULTS.read_text()), new)
    RESULTS.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n")
    page(lines)


def page(lines: list[Line]) -> None:
    """docs/bench.md and its pictures, from the rows."""
    drawn = [
        f"![{title}](images/{name}.svg)"
        for name, (title, draw) in PICTURES.items()
        if draw(lines, ROOT / "docs" / "images" / f"{name}.svg")
    ]
    text = (ROOT / "bench" / "page.md").read_text()
    own = [line for line in lines if not line["name"].startswith((loss.PREFIX, browser_page.PREFIX))]
    text = text.replace("{table}", table(own)).replace("{disturbed}", disturbed(own))
    # What `python -m bench.loss` wrote there stays.
    text = text.replace("{losses}", loss.present())
    text = text.replace("{browsers}", browser_page.section(lines))
    text = text.replace("{pictures}", "\n\n".join(drawn))
    (ROOT / "docs" / "bench.md").write_text(text)


def table(lines: list[Line]) -> str:
    """The rows in Markdown: those with a target first."""
    aimed = sorted(lines, key=lambda line: line["name"] not in TARGETS)
    return "\n".join(
        f"| `{line['name']}` | {_number(line['value'])} {line['unit']} | {_peer(line)} | {_ratio(line)} "
        f"| {line['target'] or ''} | {line['what']} |"
        for line in aimed
    )


def disturbed(lines: list[Line]) -> str:
    """Which rows are worth little, because the machine had other work meanwhile."""
    counts = [line for line in lines if line["unit"] not in OF_MEMORY]
    names = [f"`{line['name']}`" for line in counts if line["load"] is None or line["load"] > QUIET_LOAD]
    if not names:
        return ""
    why = "Measured while other programs used the same cores, or with that unknown; to be measured again"
    return f"\n{why}: {', '.join(names)}.\n"


def load() -> float:
    """How many programs wanted a core in the last minute."""
    return os.getloadavg()[0]


def sources() -> str:
    """What was measured: git's names of engine/ and src/ as committed; `+` when something was changed since."""
    trees = [_git("rev-parse", "--short=10", f"HEAD:{folder}") for folder in ("engine", "src")]
    changed = "+" if _git("status", "--porcelain", "--", "engine", "src") else ""
    return f"engine {trees[0]}, src {trees[1]}{changed}"


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()


def machine() -> str:
    """Processor, cores and kernel, without the machine's name."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    processor = found[1] if found else platform.machine()
    return f"{os.cpu_count()} × {processor}, Linux {platform.release()}"


def _merged(old: list[Line], new: list[Line]) -> list[Line]:
    """New rows in the place of old ones of the same name; rows in another form are dropped."""
    fresh = {line["name"]: line for line in new}
    kept = [fresh.pop(line["name"], line) for line in old if _stays(line) or line["name"] in fresh]
    return [*kept, *fresh.values()]


def _stays(line: Line) -> bool:
    return "points" in line or line["name"].startswith(loss.PREFIX)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _peer(line: Line) -> str:
    return "" if line["limit"] is None else f"{_number(line['limit'])} {line['unit']}"


def _ratio(line: Line) -> str:
    return "" if line["ratio"] is None else f"{line['ratio']:.2f}"
