"""Real browsers for the tests, driven by a Node process that speaks JSON lines (driver/driver.mjs)."""

import base64
import json
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests.e2e.speech import Heard, Sound, pcm16

DRIVER = Path(__file__).parent / "driver" / "driver.mjs"

# Whether the keyboard is at or in what the selector finds, and whether an outline shows it there.
FOCUS = """(selector) => {
  const active = document.activeElement;
  if (active?.closest(selector) == null) return null;
  const shows = (element) => {
    const style = element && getComputedStyle(element);
    return style !== null && (style.outlineStyle !== "none" || style.boxShadow !== "none");
  };
  return shows(active) || shows(active.closest("label")) ? "outlined" : "unseen";
}"""

Tap = Literal["sent", "received"]
Kind = Literal["chromium", "firefox"]


FRAME_S = 0.02
UNEVEN_S = 0.04  # by how much a sample may wait longer than the jitter buffer would have it


class BrowserError(Exception):
    """What the browser or its driver answered instead of doing what it was asked."""


class Driver:
    """The Node process. One request at a time; every browser it started ends with it."""

    def __init__(self, log: Path, *, sound_card: str) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            ["node", str(DRIVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "PULSE_SERVER": sound_card},
        )
        self._ids = count(1)

    def ask(self, who: str, do: str, **fields: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"id": next(self._ids), "who": who, "do": do, **fields}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BrowserError(f"the driver ended; see {self._log.name}")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserError(f"{who} could not {do} {fields}: {answer['error']}")
        return answer["result"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._log.close()


@dataclass
class Person:
    """Somebody in front of a browser of their own."""

    driver: Driver
    name: str
    kind: Kind = "chromium"
    microphone: Path | None = None
    speech: Sound | None = None  # what a Firefox microphone plays, see driver/probe.js
    options: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        microphone = str(self.microphone) if self.microphone else None
        self._ask("open", kind=self.kind, microphone=microphone, **self.options)

    def _ask(self, do: str, **fields: object) -> Any:
        return self.driver.ask(self.name, do, **fields)

    def goto(self, url: str) -> None:
        self._ask("goto", url=url)
        if self.speech is not None:
            self.evaluate(f"__probe.speak({json.dumps(base64.b64encode(pcm16(self.speech)).decode())})")

    def click(self, test_id: str, **attributes: str) -> None:
        self._ask("click", selector=selector(test_id, **attributes))

    def click_in(self, css: str, test_id: str) -> None:
        self._ask("click", selector=f"{css} {selector(test_id)}")

    def fill(self, test_id: str, text: str) -> None:
        self._ask("fill", selector=selector(test_id), text=text)

    def press(self, key: str) -> None:
        self._ask("press", key=key)

    def type(self, text: str) -> None:
        """Into whatever has the keyboard."""
        self._ask("type", text=text)

    def tab_to(self, test_id: str, **attributes: str) -> None:
        """Press Tab until the keyboard is there (or on something in it), and look whether one can see it."""
        for _ in range(60):
            self.press("Tab")
            place = self.evaluate(f"({FOCUS})({json.dumps(selector(test_id, **attributes))})")
            if place is not None:
                assert place == "outlined", f"{self.name} cannot see that {test_id} has the keyboard"
                return
        raise AssertionError(f"{self.name} does not reach {selector(test_id, **attributes)} by Tab")

    def has_keyboard(self, test_id: str, **attributes: str) -> bool:
        there = json.dumps(selector(test_id, **attributes))
        return bool(self.evaluate(f"document.activeElement.closest({there}) !== null"))

    def permit(self, permission: str, state: Literal["granted", "denied", "prompt"]) -> None:
        """What the person answers when the browser asks, now and from now on, for this site."""
        self._ask("permit", permission=permission, state=state)

    def violations(self, *tags: str) -> list[str]:
        """What axe-core finds against the rules with these tags (Chromium only)."""
        return list(self._ask("axe", tags=tags))

    def wait_for(self, test_id: str, *, timeout_s: float = 15, **attributes: str) -> None:
        self._ask("wait", selector=selector(test_id, **attributes), timeout_ms=timeout_s * 1000)

    def wait_until_gone(self, test_id: str, *, timeout_s: float = 15, **attributes: str) -> None:
        self._ask("wait", selector=selector(test_id, **attributes), hidden=True, timeout_ms=timeout_s * 1000)

    def wait_for_text(self, test_id: str, text: str, *, timeout_s: float = 15, **attributes: str) -> None:
        """Until the element says exactly this, but for the spaces around it."""
        found = selector(test_id, **attributes)
        self._ask("wait_text", selector=found, text=text, timeout_ms=timeout_s * 1000)

    def attributes(self, test_id: str, name: str, **attributes: str) -> list[str]:
        return list(self._ask("read", selector=selector(test_id, **attributes), name=name))

    def evaluate(self, script: str) -> Any:
        return self._ask("evaluate", script=script)

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ask("screenshot", path=str(path))

    def viewport(self, width: int, height: int, *, scheme: str = "light") -> None:
        self._ask("viewport", width=width, height=height, scheme=scheme)

    def traffic(self) -> list[str]:
        """Every header, body and event this page has received (Chromium only)."""
        return list(self._ask("traffic"))

    def log(self) -> list[str]:
        return list(self._ask("log"))

    def close(self) -> None:
        self._ask("close")

    def listen(self, seconds: float) -> Heard:
        """What goes through `received` from now on, for so many seconds."""
        return listen_together([self], seconds)[0]

    def settle(self, calm_s: float) -> None:
        """Waits until the jitter buffer wants, and holds, no more than this.

        While a page loads, its browser takes packets late; the buffer remembers that for some twenty seconds, and each
        stop of a busy machine as long. Firefox may stop for more than a second when it begins to play, and hurries
        through what has come meanwhile.
        """
        before = self.evaluate("__probe.waits()")
        seen: deque[str] = deque(maxlen=8)

        def calm() -> bool:
            nonlocal before
            now = self.evaluate("__probe.waits()")
            wished, waited, samples = (later - earlier for later, earlier in zip(now, before, strict=True))
            before = now
            if samples == 0:
                seen.append("no sound")
                return False
            seen.append(f"{1000 * wished / samples:.0f} and {1000 * waited / samples:.0f} ms")
            return 0 < wished / samples <= calm_s and waited / samples <= calm_s + UNEVEN_S

        try:
            eventually(calm, within_s=90, what=f"the jitter buffer of {self.name} to settle")
        except AssertionError as error:
            error.add_note(f"want {1000 * calm_s:.0f} ms; wished and waited at last: {', '.join(seen)}")
            raise

    def hear_for(self, seconds: float) -> None:
        """Waits until so much has come since the last `forget`."""
        eventually(lambda: self.heard_s() >= seconds, within_s=seconds + 15, what=f"{self.name} to hear on")

    def heard_s(self) -> float:
        return float(self.evaluate("__probe.taps.received.chunks.length")) * 0.01

    def take(self, tap: Tap = "received") -> Heard:
        return Heard.from_probe(self.evaluate(f"__probe.taps.{tap}.take()"))

    def forget(self, tap: Tap = "received") -> None:
        self.evaluate(f"__probe.taps.{tap}.forget()")


def listen_together(people: Sequence[Person], seconds: float) -> list[Heard]:
    """What each of them hears from now on, for so many seconds."""
    for person in people:
        person.forget("received")
    for person in people:
        person.hear_for(seconds)
    return [person.take().last(seconds) for person in people]


def selector(test_id: str, **attributes: str) -> str:
    """CSS for a test id of web/TESTIDS.md with data attributes: state="live" is [data-state="live"]."""
    extra = "".join(f'[data-{name.replace("_", "-")}="{value}"]' for name, value in attributes.items())
    return f'[data-testid="{test_id}"]{extra}'


def eventually(condition: Callable[[], bool], *, within_s: float, what: str) -> None:
    """Wait for something another process does; asks again every 100 ms."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:.0f} s in vain for {what}")
        time.sleep(0.1)
