"""Janus with the configuration of bench/janus, fed with one Opus stream."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.namespace import Network
from bench.server import Process

CONFIGURATION = Path(__file__).parent / "janus"
HTTP_PORT = 8088
RTP_PORT = 5002
START_WITHIN_S = 20
# As much as the engine sends in the same run: what 32 kbit/s of speech come to.
PAYLOAD = bytes([0x78]) + os.urandom(79)
FRAME_SAMPLES = 960


def is_installed() -> bool:
    return shutil.which("janus") is not None


@contextmanager
def running(
    folder: Path, network: Network, core: int | None, frames: Sequence[bytes] = (PAYLOAD,)
) -> Iterator[Process]:
    """Starts Janus on one core and says these Opus frames of 20 ms into it, again and again, until the block ends."""
    configuration = folder / "janus"
    configuration.mkdir()
    for file in CONFIGURATION.glob("*.jcfg"):
        text = file.read_text().replace("SERVER_ADDRESS", network.server_address)
        (configuration / file.name).write_text(text)
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    command = [*network.server_prefix, *pinned, "janus", "-F", str(configuration), "-d", "2"]
    with (folder / "janus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until_it_answers(process, network.server_address, folder / "janus.log")
        with _speaking(network.server_address, frames):
            yield Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((address, HTTP_PORT), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"Janus does not answer:\n{log.read_text()[-3000:]}")


@contextmanager
def _speaking(address: str, frames: Sequence[bytes]) -> Iterator[None]:
    """Plain RTP, one packet each 20 ms."""
    over = threading.Event()
    thread = threading.Thread(target=_speak, args=(address, frames, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _speak(address: str, frames: Sequence[bytes], over: threading.Event) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        start, number = time.monotonic(), 0
        while not over.wait(max(0.0, start + number * 0.02 - time.monotonic())):
            sequence, rtp_ts = number & 0xFFFF, number * FRAME_SAMPLES & 0xFFFFFFFF
            header = struct.pack("!BBHII", 0x80, 111, sequence, rtp_ts, 1)
            out.sendto(header + frames[number % len(frames)], (address, RTP_PORT))
            number += 1
