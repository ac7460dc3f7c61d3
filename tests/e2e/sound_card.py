"""A sound card for machines that have none: PulseAudio with a sink that plays into nothing, in real time."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.browsers import eventually

MODULES = (
    "module-null-sink sink_name=nothing rate=48000 channels=2",
    "module-native-protocol-unix socket={socket} auth-anonymous=1",
)
OPTIONS = ("-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit")


@contextmanager
def sound_card(folder: Path) -> Iterator[str]:
    """Run one in `folder`; gives the address for PULSE_SERVER."""
    socket = folder / "sound"
    loads = [argument for module in MODULES for argument in ("--load", module.format(socket=socket))]
    with (folder / "pulseaudio.log").open("wb") as log:
        process = subprocess.Popen(
            ["pulseaudio", *OPTIONS, *loads],
            env={**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
            stdout=log,
            stderr=log,
        )
        try:
            eventually(socket.exists, within_s=10, what="PulseAudio to open its socket")
            yield f"unix:{socket}"
        finally:
            process.terminate()
            process.wait(timeout=10)


@contextmanager
def plugged_in(card: str, voice: Path) -> Iterator[None]:
    """While inside, the sound card at this address has a microphone into which somebody says `voice`."""
    modules: list[str] = []
    try:
        # A program's sound becomes a microphone: browsers offer no monitor of a sink, but do offer what follows one.
        modules.append(control(card, "load-module", "module-null-sink", "sink_name=mouth", "rate=48000"))
        control(card, "set-default-sink", "nothing")
        modules.append(
            control(
                card, "load-module", "module-remap-source", "master=mouth.monitor", "source_name=microphone"
            )
        )
        control(card, "set-default-source", "microphone")
        player = subprocess.Popen(["paplay", f"--server={card}", "--device=mouth", str(voice)])
        try:
            yield
        finally:
            player.terminate()
            player.wait(timeout=10)
    finally:
        for module in reversed(modules):
            control(card, "unload-module", module)


def control(card: str, *command: str) -> str:
    done = subprocess.run(
        ["pactl", f"--server={card}", *command], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
