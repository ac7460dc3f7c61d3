"""`python -m bench.loss`: how well a voice is understood over a bad network, by what is done about the losses.

The engine's shard and a client nobody here wrote (str0m) in virtual time: the same figures on any machine, however
busy. A player of its own hears the packets: libopus, every frame at its time.
"""

import json
import os
import subprocess
import sys
import tempfile
import wave
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray
from pystoi import stoi  # type: ignore[import-untyped]
from tests.e2e.alignment import lag_of

from bench.pictures import Line, panels
from bench.rows import Results

ROOT = Path(__file__).parent.parent
ROWS = ROOT / "bench" / "results.json"
PREFIX = "stoi_"
PAGE = ROOT / "docs" / "bench.md"
PICTURE = Path("images/bench-loss.svg")
HEADING = "## A voice over a bad network"
COMMAND = (
    *("cargo", "bench", "--locked", "--quiet", "--manifest-path", "engine/Cargo.toml"),
    # In virtual time nothing depends on the speed of the build; this one the tests have made already.
    *("--profile", "dev", "--package", "palabre-core", "--bench", "loss", "--"),
)
RATE = 48_000
FORWARDED_MS = 20
COLOURS = {"nothing": "tab:gray", "fec": "tab:orange", "nack": "tab:blue", "nack+fec": "tab:green"}
DRAWN = (
    (FORWARDED_MS, "nothing", 60),
    (FORWARDED_MS, "fec", 60),
    (FORWARDED_MS, "nack", 120),
    (FORWARDED_MS, "nack+fec", 120),
    (100, "nothing", 60),
    (100, "nack+fec", 200),
)
"""What of the table is drawn (packet, means, patience): all of it would hide itself."""
EDGE_S = 0.5
"""Left out at both ends: what is said there is not in every capture."""


@dataclass(frozen=True, order=True)
class Case:
    """What was tried: `way` the losses are on, `packet_ms` of sound in a packet (20: forwarded, more: the mix), `means`
    against them, `loss` (0 to 1), `burst` packets in a row."""

    way: str
    packet_ms: int
    means: str
    patience_ms: int
    burst: float
    loss: float


@dataclass(frozen=True)
class Outcome:
    """Means over the seeds: intelligibility 0 to 1, shares of frames 0 to 1, what the listener received."""

    stoi: float
    made_up: float
    rebuilt: float
    packets: float
    bytes: float


Outcomes = dict[Case, Outcome]


def measure() -> Outcomes:
    """Runs every case; five minutes of one core, and one of all for the scores."""
    with tempfile.TemporaryDirectory(prefix="palabre-loss-") as name:
        folder = Path(name)
        out = subprocess.run([*COMMAND, folder], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        runs = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        with ProcessPoolExecutor(initializer=os.nice, initargs=(5,)) as pool:
            scores = list(pool.map(_score, repeat(folder), [run["file"] for run in runs], chunksize=8))
    found: dict[Case, list[Outcome]] = defaultdict(list)
    for run, score in zip(runs, scores, strict=True):
        case = Case(*(run[name] for name in ("way", "packet_ms", "means", "patience_ms", "burst", "loss")))
        made_up, rebuilt = run["made_up"] / run["frames"], run["rebuilt"] / run["frames"]
        found[case].append(Outcome(score, made_up, rebuilt, run["packets"], run["bytes"]))
    return {case: _mean(outcomes) for case, outcomes in sorted(found.items())}


def add_rows(outcomes: Outcomes, results: Results) -> None:
    """One row for each case, beside the same without loss."""
    for case, outcome in outcomes.items():
        if case.loss == 0:
            continue
        clean = replace(case, burst=1, loss=0)
        what = f"STOI, {case.loss:.0%} {_kind(case)} loss on the way {case.way}; {_sent(case.packet_ms)}; "
        what += f"repaired by {case.means}"
        results.add(row_name(case), outcome.stoi, "STOI", what, outcomes[clean].stoi)


def row_name(case: Case) -> str:
    """Of the row in bench/results.json."""
    packed = "" if case.packet_ms == FORWARDED_MS else f"mix{case.packet_ms}ms_"
    means = f"{packed}{case.means}_{case.patience_ms}ms"
    return f"{PREFIX}{case.way}_{means}_{_kind(case)}_{case.loss * 100:g}"


def _kind(case: Case) -> str:
    return "bursts" if case.burst > 1 else "random"


def _mean(outcomes: list[Outcome]) -> Outcome:
    def over(name: str) -> float:
        return float(mean(getattr(outcome, name) for outcome in outcomes))

    return Outcome(over("stoi"), over("made_up"), over("rebuilt"), over("packets"), over("bytes"))


def _score(folder: Path, file: str) -> float:
    said, heard = _read(folder / "original.wav"), _read(folder / file)
    edge = round(EDGE_S * RATE)
    inner = heard[edge:-edge]
    # The mix is later than what was said by its jitter buffer and a second encoder; nothing is hurried or slowed down.
    late = lag_of(inner, np.pad(said, edge))
    return float(stoi(np.pad(said, edge)[late : late + len(inner)], inner, RATE))


def _read(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768.0


SECTION = """\
{heading}

Intelligibility (STOI, 1 is the original) of 20 s of speech, means of three seeds, which differ among themselves by up
to 0.02, with bursts by up to 0.06: smaller differences are chance. 20 ms each way; a frame is played so long after its
time as the column says, or not at all. What is *forwarded* comes in packets of 20 ms; the *mix* comes in packs, whose
own length is not counted in the column. `nack`: lost packets are asked for again. `fec`: Opus's own copies, in band,
as an encoder makes them that is told of 10 % loss. In packs there are none: this one voice is packed as it was sent
(ADR 35), by an encoder that was told of no loss. `red`: each packet repeats the one before (RFC 2198). The engine takes
`red` from speakers; to listeners it sends none (ADR 21), those rows are reckoned. Nobody is spared the packs here, or
sent things twice (ADR 36, 37). A browser that speaks also answers NACKs; the client of this measurement does not. In
virtual time, by `python -m bench.loss`: the same everywhere.

{table}

![STOI against the loss on the way to a listener, some of the rows above]({picture})
"""


def section(outcomes: Outcomes) -> str:
    """The section of docs/bench.md."""
    return SECTION.format(heading=HEADING, table=table(outcomes), picture=PICTURE)


def table(outcomes: Outcomes) -> str:
    """STOI by means and loss in Markdown, random losses before bursts."""
    weather = sorted({(case.burst, case.loss) for case in outcomes})
    lines = [
        "| losses on the way | sent | repaired by | played after | bytes to the listener | "
        + " | ".join(map(_named, weather))
        + " |"
    ]
    lines.append("|---" * (len(weather) + 5) + "|")
    plain = outcomes[
        Case("down", FORWARDED_MS, "nothing", min(case.patience_ms for case in outcomes), 1.0, 0.0)
    ]
    for way, packet_ms, means, patience_ms in _kinds(outcomes):
        cells = [outcomes[Case(way, packet_ms, means, patience_ms, *kind)] for kind in weather]
        cost = cells[0].bytes / plain.bytes
        scores = " | ".join(f"{cell.stoi:.3f}" for cell in cells)
        lines.append(f"| {way} | {_sent(packet_ms)} | {means} | {patience_ms} ms | × {cost:.2f} | {scores} |")
    return "\n".join(lines)


def _named(kind: tuple[float, float]) -> str:
    burst, loss = kind
    return f"{loss:.0%}" + (f", {burst:g} in a row" if burst > 1 else "")


def _kinds(outcomes: Outcomes) -> list[tuple[str, int, str, int]]:
    kinds = dict.fromkeys((case.way, case.packet_ms, case.means, case.patience_ms) for case in outcomes)
    return sorted(kinds, key=lambda kind: (kind[0] == "up", kind[1], kind[2].count("+"), kind))


def _sent(packet_ms: int) -> str:
    return "forwarded" if packet_ms == FORWARDED_MS else f"mix, {packet_ms} ms"


def draw(lines: list[Line], path: Path) -> None:
    """STOI against the loss on the way to a listener: single losses, and bursts."""
    rows = {line["name"]: line for line in lines}
    weather = (("single losses", 1.0, (0.01, 0.05, 0.1)), ("three in a row", 3.0, (0.05, 0.1)))
    with panels(path, 2, share_y=True) as both:
        for axes, (title, burst, losses) in zip(both, weather, strict=True):
            for packet_ms, means, patience_ms in DRAWN:
                cases = [Case("down", packet_ms, means, patience_ms, burst, loss) for loss in losses]
                found = [rows[row_name(case)] for case in cases]
                axes.plot(
                    [0, *(100 * loss for loss in losses)],
                    [found[0]["limit"], *(row["value"] for row in found)],
                    "o-" if packet_ms == FORWARDED_MS else "s--",
                    color=COLOURS[means],
                    label=f"{_sent(packet_ms)}: {means}, {patience_ms} ms",
                )
            axes.set(title=title, xlabel="packets lost, %")
        both[0].set(ylabel="STOI")
        both[0].legend(loc="lower left", fontsize="small")


def present() -> str:
    """The section as it stands in docs/bench.md; empty when there is none."""
    _, found, after = PAGE.read_text().partition(HEADING)
    return found + after.partition("\n## ")[0]


def write(outcomes: Outcomes) -> None:
    """Puts the section into docs/bench.md in place of the one that is there, and draws the picture."""
    before, found, after = PAGE.read_text().partition(HEADING)
    _, next_heading, rest = after.partition("\n## ")
    parts = [before if found else before.rstrip() + "\n\n", section(outcomes), next_heading, rest]
    PAGE.write_text("".join(parts))
    results = Results()
    add_rows(outcomes, results)
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    rows = results.as_json(machine="any: virtual time", command="python -m bench.loss --write", date=date)
    others = [row for row in json.loads(ROWS.read_text()) if not row["name"].startswith(PREFIX)]
    ROWS.write_text(json.dumps([*others, *rows], indent=1, ensure_ascii=False) + "\n")
    draw(rows, ROOT / "docs" / PICTURE)


if __name__ == "__main__":
    found = measure()
    print(table(found))
    if "--write" in sys.argv:
        write(found)
