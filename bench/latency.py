"""How long a voice takes through the server: a speaker's packet in, the last listener's packet out."""

from bench import raw
from bench.crowd import AS_THE_WEB, FORWARDED, Bench, Listened, listen
from bench.generator import started
from bench.search import PACK_FRAMES


def latency(bench: Bench) -> None:
    """To few listeners at 20 ms, and to many in packs."""
    _measure(bench, "added_latency_p99_ms_100", bench.size.near, FORWARDED, {})
    packs = {"floor_frames": PACK_FRAMES}
    _measure(bench, "added_latency_p99_ms_20000", bench.size.far, AS_THE_WEB, packs)


def _measure(bench: Bench, name: str, count: int, lines: tuple[object, ...], engine: dict[str, int]) -> None:
    with bench.stage(count, **engine) as stage:
        arguments = bench.crowd(stage, count, *lines, "--first", count)
        rounds = []
        for _ in range(bench.size.rounds):
            with started(*arguments, core=bench.generator_core) as generator:
                rounds.append(listen(generator, stage.process)[1])
    if not all(heard.figures["frames_found"] for heard in rounds):
        raise RuntimeError(f"{name}: no frame of the speaker was found again")
    # In each tick a group of a packed room is served.
    share = count / engine.get("floor_frames", 1)
    _row(bench, name, rounds, raw.sending(bench, count).burst_ms(share))


def _row(bench: Bench, name: str, rounds: list[Listened], least_ms: float) -> None:
    """The median of the rounds: one stop of a shared machine in one of them is more than one frame in a hundred."""
    rounds = sorted(rounds, key=lambda heard: float(heard.figures["frame_to_last_listener_ms"]["p99"]))
    heard = rounds[len(rounds) // 2]
    last, first = (heard.figures[f"frame_to_{which}_listener_ms"] for which in ("last", "first"))
    each = ", ".join(f"{one.figures['frame_to_last_listener_ms']['p99']:.1f}" for one in rounds)
    how = "frames as they were sent" if heard.figures["forwarded"] else "mixed"
    what = (
        f"speaker's packet in to the last of {heard.hearing} listeners' packets out, beyond packing; {how}; "
    )
    what += (
        f"median of {each}; to the first listener {first['p99']} ms; {heard.missed_percent:.2g} % missed; "
    )
    what += f"the server took {heard.busy_percent:.0f} % of a core"
    points: list[tuple[float, ...]] = [(0.5, last["p50"]), (0.99, last["p99"]), (1.0, last["max"])]
    bench.results.add(name, last["p99"], "ms", what, least_ms, points)
