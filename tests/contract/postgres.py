"""A PostgreSQL of Debian's package for the time of the tests, in a folder of its own, without a TCP port."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
USER = "postgres"
START_S = 60


class NoPostgres(Exception):
    """Not installed here; the message says the remedy."""


@contextmanager
def server() -> Iterator[str]:
    """The URL of an empty cluster. Raises NoPostgres."""
    if not BINARIES:
        raise NoPostgres("PostgreSQL is not installed. Run `make testbed`, or: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="palabre-pg-"))
    try:
        _give_away(folder)
        data = folder / "data"
        _run("initdb", "-D", data, "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -k {folder} -c fsync=off"
        _run("pg_ctl", "-D", data, "-w", "-t", START_S, "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _run(program: str, *arguments: object) -> None:
    """As `postgres` when we are root: the server refuses to run as root."""
    command = [str(BINARIES[-1] / program), *map(str, arguments)]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
    subprocess.run(command, check=True, timeout=2 * START_S, cwd="/", stdout=subprocess.DEVNULL)


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, USER)
