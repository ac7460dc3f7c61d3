"""Say in one line each what this machine lacks to build Palabre, with the remedy; exit 1 if anything.

Standard library only and Python 3.8 syntax: it is the first thing that runs.
"""

import importlib.util
import re
import shutil
import subprocess
import sys

PYTHON_AT_LEAST = (3, 11)
RUST_AT_LEAST = (1, 90)
NODE_AT_LEAST = (20,)


def main():
    problems = [problem for check in (python, pip, rust, node, c_compiler) for problem in check()]
    for problem in problems:
        print(f"missing: {problem}", file=sys.stderr)
    return 1 if problems else 0


def python():
    if sys.version_info < PYTHON_AT_LEAST:
        found = dotted(sys.version_info[:2])
        yield f"Python 3.11 or newer (this is {found}): apt install python3 on Debian 12 or newer"


def pip():
    if importlib.util.find_spec("pip") is None:
        yield "pip for this Python: apt install python3-pip"


def rust():
    found = version_of("cargo", "--version")
    if found is None:
        yield "Rust 1.90 or newer: install it with rustup, then open a new shell"
    elif found < RUST_AT_LEAST:
        yield f"Rust 1.90 or newer (this is {dotted(found)}): rustup update stable"


def node():
    found = version_of("node", "--version")
    if found is None:
        yield "Node.js 20 or newer: install it from the Node.js site or your distribution"
    elif found < NODE_AT_LEAST:
        yield f"Node.js 20 or newer (this is {dotted(found)}): install it from the Node.js site"
    if shutil.which("npm") is None:
        yield "npm, which comes with Node.js: apt install npm where the distribution splits them"


def c_compiler():
    if shutil.which("cc") is None:
        yield "a C compiler: apt install build-essential"


def version_of(program, option):
    """(major, minor) that the program prints, or None when it is absent or does not run."""
    path = shutil.which(program)
    if path is None:
        return None
    done = subprocess.run([path, option], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if done.returncode == 0 and found else None


def dotted(version):
    return ".".join(str(part) for part in version)


if __name__ == "__main__":
    sys.exit(main())
