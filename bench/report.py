"""bench/results.json, docs/bench.md and its picture."""

import json
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from bench import loss
from bench.rows import Results, Row

ROOT = Path(__file__).parent.parent
PICTURE = Path("images/bench-cpu.svg")

PAGE = """\
# Measurements

Written by `{command}` on {date}, on {machine}. The server ran on one core, the listeners on another, over loopback.

| figure | value | raw limit in the same run | ratio | what |
|---|---|---|---|---|
{table}

![CPU per packet against the number of listeners]({picture})

**The raw limit** is what no server can leave out: one RTP packet of 128 bytes encrypted with AES-128-GCM for each
listener (a key and an address each) and given to the kernel with `sendmmsg` in batches of 64, a burst every 20 ms:
`palabre-load raw`. Loopback charges the receiver's part of the kernel's work to the sender, in both alike.

**Joins per second** are bounded by the machine that makes them: one core plays all the browsers, and a browser's half
of a handshake costs more than the server's. The figure *per second of CPU* says what the server alone would do.

{losses}

## Your own server

`palabre-load listen --whep URL --token TOKEN --listeners N` joins listeners to any WHEP server and prints what they
received as JSON; `palabre-load speak --whip URL --token TOKEN FILE.wav` speaks. With `--entrances FILE` each listener
has a line of its own: `{{"url": …, "token": …}}`, or `{{"join_url": …, "session": …, "body": {{}}}}` to join a room of
Palabre by its API.
"""


def write(results: Results, command: str) -> None:
    """Writes all three."""
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    rows = results.as_json(machine=machine(), command=command, date=date)
    rows += loss.present_rows()
    (ROOT / "bench" / "results.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    page = PAGE.format(
        command=command,
        date=date,
        machine=machine(),
        table=table(results.rows),
        picture=PICTURE,
        losses=loss.present(),
    )
    (ROOT / "docs" / "bench.md").write_text(page)
    draw(results, ROOT / "docs" / PICTURE)


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    return "\n".join(
        f"| `{row.name}` | {row.value:.3g} {row.unit} | {_limit(row)} | {_ratio(row)} | {row.what} |"
        for row in rows
    )


def machine() -> str:
    """Processor, cores and kernel, without the machine's name."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    processor = found[1] if found else platform.machine()
    return f"{os.cpu_count()} × {processor}, Linux {platform.release()}"


def draw(results: Results, path: Path) -> None:
    """CPU per packet against listeners, server and raw."""
    import matplotlib

    matplotlib.use("svg")
    # The same measurements give the same file.
    matplotlib.rcParams["svg.hashsalt"] = "palabre"
    from matplotlib import pyplot as plt

    listeners = [count for count, _, _ in results.curve]
    figure, axes = plt.subplots(figsize=(7, 3.5))
    axes.plot(listeners, [server for _, server, _ in results.curve], "o-", label="server, media threads")
    axes.plot(listeners, [raw for _, _, raw in results.curve], "s--", label="raw limit")
    axes.set(xlabel="listeners", ylabel="CPU per packet, µs", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _limit(row: Row) -> str:
    return "" if row.limit is None else f"{row.limit:.3g} {row.unit}"


def _ratio(row: Row) -> str:
    return "" if row.ratio is None else f"{row.ratio:.2f}"
