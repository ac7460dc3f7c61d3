"""The scripts behind the commands: what is missing is said in one line, what fails says where its log is."""

import subprocess
import sys
from pathlib import Path

import pytest

# The scripts run before the environment exists, with the Python it is made from.
PYTHON = Path(sys.base_prefix) / "bin" / "python3"
SCRIPTS = Path(__file__).parents[2] / "scripts"


def run(script: str, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(PYTHON), str(SCRIPTS / script), *arguments]
    env = {"PATH": str(path)} if path else None
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=20)


def program(folder: Path, name: str, answer: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho {answer}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A PATH on which everything needed is there and new enough."""
    for name, answer in {"cargo": "cargo 1.90.0", "node": "v20.1.0", "npm": "10", "cc": "cc"}.items():
        program(tmp_path, name, answer)
    return tmp_path


def test_preflight_is_silent_when_nothing_is_missing(machine: Path) -> None:
    done = run("preflight.py", path=machine)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("cargo", None, "missing: Rust 1.90 or newer: install"),
        ("cargo", "cargo 1.75.0", "missing: Rust 1.90 or newer (this is 1.75): rustup update"),
        ("node", "v18.19.0", "missing: Node.js 20 or newer (this is 18.19): install"),
        ("npm", None, "missing: npm"),
        ("cc", None, "missing: a C compiler: apt install build-essential"),
    ],
)
def test_preflight_names_what_is_missing_in_one_line_with_the_remedy(
    machine: Path, name: str, answer: str | None, said: str
) -> None:
    (machine / name).unlink()
    if answer:
        program(machine, name, answer)

    done = run("preflight.py", path=machine)

    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_a_step_that_passes_shows_only_its_closing_lines() -> None:
    done = run("step.py", "--show", "^ok", "unit test of step", "--", "printf", "noise\nok: 3 passed\n")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["✓ unit test of step (0 s)", "    ok: 3 passed"]


def test_a_step_that_fails_shows_the_end_of_its_log_and_keeps_the_status() -> None:
    done = run("step.py", "unit test of step", "--", "sh", "-c", "echo why it failed; exit 7")
    assert done.returncode == 7
    assert "    why it failed" in done.stdout.splitlines()
    assert ".cache/logs/unit-test-of-step.log" in done.stdout
