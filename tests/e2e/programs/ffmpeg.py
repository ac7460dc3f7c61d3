"""FFmpeg's WHIP muxer in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def ffmpeg_speaking(whip: str, ticket: str, wav: Path, folder: Path) -> Iterator[None]:
    """Somebody speaks the file in a loop meanwhile, with the certificate the muxer makes; fails when it gives up."""
    log = folder / "ffmpeg.log"
    arguments = [whip, ticket, str(wav), "60"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.programs.ffmpeg_speaker", *arguments],
            stdout=output,
            stderr=output,
        )
        try:
            yield
            assert process.poll() is None, f"FFmpeg stopped speaking:\n{log.read_text()[-2000:]}"
        finally:
            process.kill()
            process.wait(timeout=10)
