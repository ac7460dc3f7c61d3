"""Run one build or test command quietly: one line when it is done, its log in .cache/logs.

    python3 scripts/step.py [--show REGEX] TITLE -- COMMAND...

A step that passes prints its duration, and the lines of its log that match REGEX (a test runner's closing
lines). A step that fails prints the end of its log and where the whole of it is, and exits with the command's
own status. Standard library only: it runs before anything is installed.
"""

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LOGS = Path(__file__).resolve().parent.parent / ".cache" / "logs"
FAILURE_LINES = 120
HEARTBEAT_S = 30.0


def main() -> int:
    options = parse(sys.argv[1:])
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / (re.sub(r"[^a-z0-9]+", "-", options.title.lower()).strip("-") + ".log")
    started = time.monotonic()
    status = run(options.title, options.command, log)
    took = duration(time.monotonic() - started)
    if status == 0:
        say(f"✓ {options.title} ({took})")
        for line in closing_lines(log, options.show):
            say(f"    {line}")
    else:
        say(f"✗ {options.title} failed after {took}; the end of {log}:")
        for line in log.read_text(errors="replace").splitlines()[-FAILURE_LINES:]:
            say(f"    {line}")
    return status


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="step")
    parser.add_argument("--show", default="", help="lines of the log to print when it passes")
    parser.add_argument("title")
    end = arguments.index("--")  # only the first one is ours: the command may have its own
    return parser.parse_args(arguments[:end], argparse.Namespace(command=arguments[end + 1 :]))


def run(title: str, command: list[str], log: Path) -> int:
    """Run the command with its output in the log; says it is still at work every half minute."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        started = time.monotonic()
        try:
            while True:
                try:
                    return process.wait(timeout=HEARTBEAT_S)
                except subprocess.TimeoutExpired:
                    say(f"… {title}: {duration(time.monotonic() - started)}")
        except KeyboardInterrupt:
            process.terminate()
            return 130


def closing_lines(log: Path, show: str) -> Iterator[str]:
    if not show:
        return
    for line in log.read_text(errors="replace").splitlines():
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()
        if re.search(show, plain):
            yield plain


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
