"""Install through apt what the tests need beyond the build: browsers, ffmpeg, speech, sound, PostgreSQL.

Does it when a program is missing and this may (root, with apt-get); else says which packages to install.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

STEP = Path(__file__).with_name("step.py")

# Debian package → how to see that it is there: a program on the PATH, or a file pattern.
NEEDED = {
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "ffmpeg": "ffmpeg",
    "alsa-utils": "/usr/share/sounds/alsa/Front_Center.wav",
    "pulseaudio": "pulseaudio",
    "pulseaudio-utils": "paplay",
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
}


def main() -> int:
    missing = [package for package, proof in NEEDED.items() if not present(proof)]
    if not missing:
        return 0
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(
            f"missing: the tests need {', '.join(missing)}: sudo apt install {' '.join(missing)}",
            file=sys.stderr,
        )
        return 1
    return install(missing)


def present(proof: str) -> bool:
    if proof.startswith("/"):
        return any(Path("/").glob(proof.removeprefix("/")))
    return shutil.which(proof) is not None


def install(packages: list[str]) -> int:
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    return step("updating the package lists", ["apt-get", "update"]) or step(
        f"installing {', '.join(packages)}",
        ["apt-get", "install", "--yes", "--no-install-recommends", *packages],
    )


def step(title: str, command: list[str]) -> int:
    return subprocess.run([sys.executable, str(STEP), title, "--", *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
