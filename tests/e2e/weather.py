"""What a bad network does to a stream of packets, from a seed: the n-th packet of every stream has the same fate."""

import random
from collections import defaultdict
from dataclasses import dataclass, field

RTP_HEADER = 12  # bytes
SSRC = slice(8, 12)


@dataclass(frozen=True)
class Weather:
    """`loss` (0 to 1) of all packets, `burst` of them in a row on average; `delay_s` each way."""

    loss: float = 0.0
    burst: float = 1.0
    seed: int = 1
    delay_s: float = 0.0


@dataclass
class Fate:
    """Of one stream. Losses in a row are two states with the chances of Gilbert's model."""

    weather: Weather
    chance: random.Random
    losing: bool = False

    def takes_next(self) -> bool:
        """Whether the next packet is lost."""
        self.losing = self.chance.random() < self._likely()
        return self.losing

    def _likely(self) -> float:
        loss, burst = self.weather.loss, self.weather.burst
        if burst <= 1:
            return loss
        return 1 - 1 / burst if self.losing else loss / (burst * (1 - loss))


@dataclass
class Sky:
    """The weather over all streams, and how many packets it took."""

    weather: Weather
    passed: int = 0
    lost: int = 0
    fates: dict[bytes, Fate] = field(init=False)

    def __post_init__(self) -> None:
        weather = self.weather
        self.fates = defaultdict(lambda: Fate(weather, random.Random(weather.seed)))

    def takes(self, datagram: bytes) -> bool:
        """Only sound is lost: ICE, DTLS and reports would be lost too, and say nothing of how a voice is heard."""
        if not is_sound(datagram):
            return False
        taken = self.fates[datagram[SSRC]].takes_next()
        self.lost, self.passed = self.lost + taken, self.passed + (not taken)
        return taken


def is_sound(datagram: bytes) -> bool:
    """RTP, and none of the control packets of RFC 5761 §4."""
    return len(datagram) >= RTP_HEADER and 128 <= datagram[0] <= 191 and not 192 <= datagram[1] <= 223
