"""How many listeners one core serves: a ramp until it does not keep up, then halves between the last two."""

from dataclasses import dataclass, field

from bench import raw
from bench.crowd import AS_THE_WEB, FORWARDED, Bench, Listened, listen
from bench.generator import started

STEP = 1.2
"""The ramp's."""
CLOSE_ENOUGH = 1.025
"""What does not keep up is at most so many times what does."""
PACK_FRAMES = 6
"""120 ms, the longest pack."""
FRAMES_PER_S = 50.0


def forwarded(bench: Bench) -> None:
    """How many listeners one core serves at 20 ms."""
    _search(bench, "listeners_one_core_20ms", bench.size.forwarded, _Tried(FORWARDED, {}, FRAMES_PER_S))


def packed(bench: Bench) -> None:
    """How many listeners one core serves in packs of 120 ms."""
    tried = _Tried(AS_THE_WEB, {"floor_frames": PACK_FRAMES}, FRAMES_PER_S / PACK_FRAMES)
    _search(bench, "listeners_one_core_packed", bench.size.packed, tried)


@dataclass
class _Tried:
    """Numbers of listeners that were tried in one class."""

    lines: tuple[object, ...]
    engine: dict[str, int]
    packets_per_s: float
    """To each."""
    by_count: dict[int, Listened] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """The most that the server kept up with; 0 when it never did."""
        missed = self.missed
        return max((n for n in self.by_count if missed is None or n < missed), default=0)

    @property
    def missed(self) -> int | None:
        """The fewest that it did not keep up with."""
        return min((n for n, heard in self.by_count.items() if not heard.keeps_up), default=None)

    def points(self) -> list[tuple[float, ...]]:
        """Listeners, per cent of a core, spread in ms, whether it kept up."""
        told = sorted(self.by_count.items())
        return [(n, heard.busy_percent, heard.spread_ms, float(heard.keeps_up)) for n, heard in told]


def _search(bench: Bench, name: str, bounds: tuple[int, int], tried: _Tried) -> None:
    _ramp(bench, bounds, tried)
    while tried.held and tried.missed and tried.missed > max(tried.held * CLOSE_ENOUGH, tried.held + 1):
        _try(bench, (tried.held + tried.missed) // 2, tried)
    blame = ""
    if tried.missed and not tried.by_count[tried.missed].is_the_servers:
        blame = "; the generator lost packets first"
    untried = "" if tried.missed else "; more were not tried"
    what = f"listeners without loss or lateness on one core, {bench.network.interface}{blame}{untried}"
    hearing = tried.by_count[tried.held].hearing if tried.held else 0
    least = raw.sending(bench, tried.held or bounds[0]).listeners(tried.packets_per_s)
    bench.results.add(name, hearing, "", what, least, tried.points())


def _ramp(bench: Bench, bounds: tuple[int, int], tried: _Tried) -> None:
    """The same listeners, and more of them each time."""
    count, most = bounds
    with bench.stage(most, **tried.engine) as stage:
        arguments = bench.crowd(stage, most, *tried.lines, "--first", count)
        with started(*arguments, core=bench.generator_core) as generator:
            while True:
                _, heard = listen(generator, stage.process)
                tried.by_count[count] = heard
                if count >= most or not heard.keeps_up:
                    return
                more = min(most, max(count + 1, round(count * STEP))) - count
                generator.tell(str(more))
                count += more


def _try(bench: Bench, count: int, tried: _Tried) -> None:
    """Listeners who all join anew: nobody leaves in a ramp."""
    with bench.stage(count, **tried.engine) as stage:
        arguments = bench.crowd(stage, count, *tried.lines)
        with started(*arguments, core=bench.generator_core) as generator:
            _, tried.by_count[count] = listen(generator, stage.process)
