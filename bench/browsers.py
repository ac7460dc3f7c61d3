"""`python -m bench.browsers`: how well a real browser's listener understands a voice over a bad network, from Palabre
and from Janus.

A relay between server and browser delays everything and loses sound by a seeded rule (tests/e2e/weather.py). What the
browser plays is laid beside what was said (tests/e2e/alignment.py), in real time: other work on the machine is heard.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np
from tests.e2e import speech
from tests.e2e.browsers import Driver, Kind, Person, eventually
from tests.e2e.network import Network
from tests.e2e.people import Member, talk
from tests.e2e.server import Server, free_ports
from tests.e2e.sound_card import sound_card
from tests.e2e.speech import Heard, Sound
from tests.e2e.weather import Weather

from bench import janus_server, report
from bench.browser_page import SUBJECTS as TITLES
from bench.browser_page import WEATHER, row_name
from bench.generator import SPEECH
from bench.janus_listener import JanusSession, listen, media_address
from bench.namespace import LOOPBACK
from bench.rows import Results

DELAY_S = 0.02
GETS_USED_S = 12
"""A jitter buffer learns what it has to wait for, and the server who should not be sent packs (ADR 36)."""
WINDOW_S = 10
WINDOWS = 2
FRAME = 960


@dataclass(frozen=True)
class Listener:
    """Somebody in a browser who hears the voice, and the network in between."""

    person: Person
    network: Network
    score: Callable[[list[Heard]], list[float]]
    """STOI of some windows against what was said since the listener last forgot what it heard."""

    def windows(self) -> list[float]:
        """STOI of some windows, after the jitter buffer has got used to the weather."""
        self.person.listen(GETS_USED_S)
        return self.score([self.person.listen(WINDOW_S) for _ in range(WINDOWS)])


@dataclass(frozen=True)
class Bench:
    """Where it happens."""

    stack: ExitStack
    folder: Path
    driver: Driver
    kind: Kind


def palabre(**settings: str) -> Callable[[Bench], Iterator[Listener]]:
    """The web client in a room of Palabre's with these settings."""

    def begin(bench: Bench) -> Iterator[Listener]:
        with Network(free_ports()) as network:
            server = Server(bench.folder, ports=network.ports, settings=network.settings | settings)
            server.start()
            bench.stack.callback(server.stop)
            voice = speech.write_wav(bench.folder / "voice.wav", said())
            ann = Member(Person(bench.driver, "ann", microphone=voice), server, "ann", "Ann")
            bob = Member(Person(bench.driver, "bob", bench.kind), server, "bob", "Bob")
            ann.sign_up()
            bob.sign_up()
            talk(ann, bob)

            def score(heard: list[Heard]) -> list[float]:
                sent = ann.person.take("sent")
                ann.person.forget("sent")
                return [speech.intelligibility_of(sent, window) for window in heard]

            yield Listener(bob.person, network, score)

    return begin


def janus(*, asks_again: bool) -> Callable[[Bench], Iterator[Listener]]:
    """The streaming plugin of Janus, fed with the same voice."""

    def begin(bench: Bench) -> Iterator[Listener]:
        voice = said()
        with janus_server.running(bench.folder, LOOPBACK, None, encoded(voice)):
            url = f"http://{LOOPBACK.server_address}:{janus_server.HTTP_PORT}/janus"
            session = JanusSession(url, mountpoint=1)
            offer = session.offer()
            with Network(free_ports(), media=media_address(offer)) as network:
                person = Person(bench.driver, "bob", bench.kind)
                person.goto(f"{url}/info")
                at = (network.settings["MEDIA_ADDRESSES"], network.ports["MEDIA_PORT"])
                listen(person, session, offer, at, asks_again=asks_again)

                def score(heard: list[Heard]) -> list[float]:
                    return [speech.intelligibility(voice, window.sound) for window in heard]

                yield Listener(person, network, score)

    return begin


SUBJECTS: dict[str, Callable[[Bench], Iterator[Listener]]] = {
    "forwarded": palabre(),
    "pack60": palabre(FLOOR_ABOVE="0", FLOOR_FRAMES="3"),
    "pack100": palabre(FLOOR_ABOVE="0", FLOOR_FRAMES="5"),
    "pack120": palabre(FLOOR_ABOVE="0", FLOOR_FRAMES="6"),
    "janus": janus(asks_again=False),
    "janus-nack": janus(asks_again=True),
}


def said() -> Sound:
    """What is said again and again: whole frames."""
    voice = np.concatenate([speech.read_wav(path) for path in SPEECH])
    return np.asarray(np.pad(voice, (0, -len(voice) % FRAME)), dtype=np.float64)


def encoded(sound: Sound) -> list[bytes]:
    """Opus frames of 20 ms at 32 kbit/s, as a browser makes them for a voice while no loss is reported."""
    import av

    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = speech.RATE, "mono", "s16"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "voip", "frame_duration": "20", "fec": "1"}
    frames: list[bytes] = []
    pcm = np.frombuffer(speech.pcm16(sound), dtype="<i2")
    for begin in range(0, len(pcm), FRAME):
        frame = av.AudioFrame.from_ndarray(pcm[np.newaxis, begin : begin + FRAME], "s16", "mono")
        frame.sample_rate, frame.pts = speech.RATE, begin
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames


def measure(name: str, kind: Kind, folder: Path, seeds: int) -> Iterator[Results]:
    """One row for each weather, as it comes."""
    with ExitStack() as stack:
        card = stack.enter_context(sound_card(folder))
        driver = stack.enter_context(Driver(folder / "driver.log", sound_card=card))
        bench = Bench(stack, folder, driver, kind)
        listener = stack.enter_context(contextmanager(SUBJECTS[name])(bench))
        eventually(lambda: listener.person.heard_s() > 0, within_s=20, what="something to be heard")
        for loss, burst in WEATHER:
            scores = []
            for seed in range(1, seeds + 1):
                listener.network.change_weather(Weather(loss, burst, seed, DELAY_S))
                scores += listener.windows()
            what = f"STOI in {kind}: {TITLES[name]}; {loss:.0%} lost, {burst} in a row on average"
            lost = listener.network.lost()
            print(what, f"({lost:.1%}):", *(f"{score:.3f}" for score in scores), file=sys.stderr, flush=True)
            row = row_name(kind, name, loss, burst)
            results = Results()
            results.add(row, mean(scores), "STOI", what, None, [(score,) for score in scores])
            yield results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.browsers", description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all without")
    parser.add_argument("--firefox", action="store_true", help="listen in Firefox instead of Chromium")
    parser.add_argument("--seeds", type=int, default=1, help="of each weather; 32 seconds each")
    parser.add_argument("--write", action="store_true", help="into bench/results.json and docs/bench.md")
    options = parser.parse_args()
    if unknown := [name for name in options.subjects if name not in SUBJECTS]:
        parser.error(f"{unknown[0]} is none of {', '.join(SUBJECTS)}")
    for name in options.subjects or SUBJECTS:
        with tempfile.TemporaryDirectory(prefix="palabre-browsers-") as folder:
            kind: Kind = "firefox" if options.firefox else "chromium"
            for results in measure(name, kind, Path(folder), options.seeds):
                if options.write:
                    report.write(results, " ".join(["python -m bench.browsers", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
