"""`palabre-load`: started, followed phase by phase, stopped."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SPEECH = sorted(Path("/usr/share/sounds/alsa").glob("*_*.wav"))

Figures = dict[str, Any]


class Generator:
    """A running `palabre-load`, which prints a JSON line at each phase."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def until(self, event: str) -> Figures:
        """Waits for a phase; gives what was measured until then."""
        if self._process.stdout is None:
            raise RuntimeError("palabre-load was started without a pipe")
        for line in self._process.stdout:
            figures: Figures = json.loads(line)
            if figures["event"] == event:
                return figures
        raise RuntimeError(f"palabre-load ended ({self._process.wait()}) before it had {event}")

    def tell(self, line: str) -> None:
        """Writes a line to its standard input."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def finish(self) -> None:
        """Ends its standard input."""
        if self._process.stdin is not None:
            self._process.stdin.close()


def binary() -> Path:
    """The release build, where cargo puts it; `LOAD_GENERATOR` names another."""
    if named := os.environ.get("LOAD_GENERATOR"):
        return Path(named)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "engine" / "target"))
    return target / "release" / "palabre-load"


@contextmanager
def started(*arguments: object, core: int | None, prefix: Sequence[str] = ()) -> Iterator[Generator]:
    """Runs `palabre-load` with these arguments; stops it at the end if it still runs."""
    pinned = [] if core is None else ["--core", str(core)]
    command = [*prefix, str(binary()), *pinned, *map(str, arguments)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    generator = Generator(process)
    try:
        yield generator
        generator.finish()
        process.wait(timeout=60)
    finally:
        process.terminate()
        process.wait(timeout=10)


@contextmanager
def speaking(door: Figures, core: int | None) -> Iterator[None]:
    """Somebody speaks real speech for as long as the block lasts."""
    if not SPEECH:
        raise RuntimeError("There is no speech to speak. Install alsa-utils.")
    arguments = ["speak", "--whip", door["url"], "--token", door["token"], "--repeat", *SPEECH]
    pinned = [] if core is None else ["--core", str(core)]
    process = subprocess.Popen(
        [str(binary()), *pinned, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    try:
        Generator(process).until("speaking")
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)
