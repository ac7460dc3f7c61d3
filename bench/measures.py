"""What is measured of the engine alone, one function each."""

import statistics
import sys

from bench import janus_server, raw
from bench.crowd import AS_THE_WEB, DECRYPT_ONE_IN, FORWARDED, Bench, listen
from bench.generator import started


def packets(bench: Bench) -> None:
    """CPU per packet against the raw limit, at several sizes; the largest is judged, and all are told."""
    points = [_packets(bench, listeners) for listeners in bench.size.packets]
    largest, cost, limit = points[-1]
    each = ", ".join(f"{cost / limit:.2f} with {listeners:.0f}" for listeners, cost, limit in points)
    what = f"server's CPU per delivered packet, {largest:.0f} listeners, 20 ms, {bench.network.interface}; "
    what += f"medians of {bench.size.rounds} in turns; ratios {each}"
    bench.results.add("cpu_per_packet_vs_raw", cost, "µs", what, limit, points)


def _packets(bench: Bench, listeners: int) -> tuple[float, ...]:
    """Listeners, the server's µs a packet and the raw limit's: medians of measurements in turns, since a shared machine
    changes from one minute to the next."""
    costs, limits = [], []
    with bench.stage(listeners) as stage:
        arguments = bench.crowd(stage, listeners, *FORWARDED, "--first", listeners)
        for _ in range(bench.size.rounds):
            with started(*arguments, core=bench.generator_core) as generator:
                _, heard = listen(generator, stage.process)
            costs.append(heard.cpu_us_per_packet)
            limits.append(raw.sending(bench, listeners).us_per_packet)
    return listeners, statistics.median(costs), statistics.median(limits)


def beside_janus(bench: Bench) -> None:
    """CPU per packet against Janus with as many listeners; nothing where Janus is not installed."""
    if not janus_server.is_installed() or bench.network.first_listener is None:
        print("  Janus is not installed, or there is no veth pair: left out", file=sys.stderr)
        return
    count, address = bench.size.janus, bench.network.server_address
    with janus_server.running(bench.folder, bench.network, bench.server_core) as janus:
        url = f"http://{address}:{janus_server.HTTP_PORT}/janus"
        crowd = ("--listeners", count, "--seconds", bench.size.seconds, "--addresses")
        where = ("--server", address, "--decrypt-one-in", DECRYPT_ONE_IN)
        command = ("janus", "--url", url, *crowd, bench.network.first_listener, *where)
        before_kb = janus.resident_kb()
        with started(*command, core=bench.generator_core) as generator:
            joined = generator.until("joined")
            grown_kb = janus.resident_kb() - before_kb
            generator.until("measuring")
            cpu = janus.cpu()
            figures = generator.until("measured")
            spent = janus.cpu().since(cpu)
    if not figures["received"]:
        raise RuntimeError(f"nobody heard Janus: {joined['first_failure']}")
    peer, busy = 1e6 * spent.total_s / figures["received"], spent.total_s / figures["seconds"]
    with bench.stage(count) as stage:
        arguments = bench.crowd(stage, count, *FORWARDED)
        with started(*arguments, core=bench.generator_core) as generator:
            _, heard = listen(generator, stage.process)
    there = f"{grown_kb / count:.0f} KB each, {busy:.0%} of the core, {figures['lost_percent']:.2g} % lost"
    what = f"the same beside Janus 1.1.2 ({count} listeners; there {there})"
    bench.results.add("cpu_per_packet_vs_janus", heard.cpu_us_per_packet, "µs", what, peer)


def engine_joins(bench: Bench) -> None:
    """Joins with prepared tickets, and what an established listener keeps in memory."""
    count, home = bench.size.engine_joins, bench.home
    with bench.stage(count) as stage:
        before_kb, cpu = stage.process.resident_kb(), stage.process.cpu()
        # Nobody speaks: sound for those who are in already would be measured too.
        arguments = (*bench.silent_crowd(stage, count), *AS_THE_WEB, "--settle", bench.size.forgotten_after_s)
        with started(*arguments, core=bench.generator_core) as generator:
            joined = generator.until("joined")
            if not joined["joined"]:
                raise RuntimeError(f"nobody could join: {joined['first_failure']}")
            spent = stage.process.cpu().since(cpu)
            streams = (
                "watch",
                "--entrances",
                stage.streams(count),
                *home,
                "--seconds",
                bench.size.forgotten_after_s,
            )
            with started(*streams, core=bench.generator_core) as watch:
                watching = watch.until("watching")
                if not watching["open"]:
                    raise RuntimeError(f"no event stream opened: {watching['first_failure']}")
                generator.until("measuring")
                grown_kb = stage.process.resident_kb() - before_kb
    rate, add = joined["joins_per_second"], bench.results.add
    what = f"{count} joins with tickets prepared, WHEP to DTLS done, in silence; {joined['failed']} failed"
    add("engine_joins_per_second", rate, "1/s", what, raw.handshakes_per_s(bench))
    own = joined["joined"] / spent.total_s
    add("engine_joins_per_second_of_server_cpu", own, "1/s", "the same per second of the engine's CPU")
    add("engine_join_p99_ms", joined["join_ms"]["p99"], "ms", "one of these joins in a hundred takes longer")
    kept = grown_kb / max(1, joined["joined"])
    what = f"resident memory grown by, {joined['joined']} listeners, {watching['open']} of them with an event stream"
    least = raw.sending(bench, count).kb_per_listener
    add("memory_per_listener_kb", kept, "KB", f"{what}, half a minute after they joined", least)
