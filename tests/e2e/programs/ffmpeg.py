"""FFmpeg's WHIP muxer in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiortc import RTCCertificate
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


@contextmanager
def ffmpeg_speaking(whip: str, ticket: str, wav: Path, folder: Path) -> Iterator[None]:
    """Somebody speaks the file in a loop meanwhile; fails when the muxer gives up."""
    log = folder / "ffmpeg.log"
    arguments = [whip, ticket, str(wav), "60", *certificate(folder)]
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


def certificate(folder: Path) -> list[str]:
    """The muxer's options for a P-256 certificate: GnuTLS makes one of a curve that the engine's DTLS does not know."""
    made = RTCCertificate.generateCertificate()
    key, cert = folder / "key.pem", folder / "cert.pem"
    key.write_bytes(made._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    cert.write_bytes(made._cert.public_bytes(Encoding.PEM))
    return [f"cert_file={cert}", f"key_file={key}"]
