"""One measured figure, and the list of them."""

from dataclasses import asdict, dataclass, field

TARGETS: dict[str, tuple[str, float]] = {
    "cpu_per_packet_vs_raw": ("≤", 1.3),
    "cpu_per_packet_vs_janus": ("≤", 0.12),
    "listeners_one_core_packed": ("≥", 20_000),
    "listeners_one_core_20ms": ("≥", 4_000),
    "added_latency_p99_ms_20000": ("≤", 25),
    "added_latency_p99_ms_100": ("≤", 2),
    "joins_per_second": ("≥", 1_000),
    "engine_joins_per_second": ("≥", 3_000),
    "memory_per_listener_kb": ("≤", 16),
    "event_to_10000_ms": ("≤", 150),
    "idle_cpu_percent": ("≤", 0.5),
}
"""What is aimed at, on one core for the server and one for the generator."""

OF_RATIOS = {"cpu_per_packet_vs_raw", "cpu_per_packet_vs_janus"}
"""Targets that the ratio has to reach, not the value."""


@dataclass(frozen=True)
class Row:
    """A line of bench/results.json."""

    name: str
    value: float
    unit: str
    what: str
    limit: float | None = None
    """What the raw limit, or another server, was in the same run, in the same unit."""
    points: list[tuple[float, ...]] = field(default_factory=list)
    """For pictures: what each point is stands in `what` of the picture (bench/pictures.py)."""

    @property
    def ratio(self) -> float | None:
        return None if not self.limit else self.value / self.limit

    @property
    def target(self) -> str:
        """`≤ 1.3`, or nothing."""
        sign, bound = TARGETS.get(self.name, ("", 0.0))
        return f"{sign} {bound:,g}" if sign else ""

    @property
    def reached(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.name not in TARGETS:
            return None
        sign, bound = TARGETS[self.name]
        judged = self.ratio if self.name in OF_RATIOS else self.value
        if judged is None:
            return False
        return judged <= bound if sign == "≤" else judged >= bound


@dataclass
class Results:
    """Everything one run found."""

    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        what: str,
        limit: float | None = None,
        points: list[tuple[float, ...]] | None = None,
    ) -> None:
        self.rows.append(Row(name, value, unit, what, limit, points or []))

    def as_json(self, **about: str) -> list[dict[str, object]]:
        """Rows with `about`: where, how, when and of which sources they were measured."""
        judged = [asdict(row) | {"ratio": row.ratio, "target": row.target or None} for row in self.rows]
        return [_rounded(row) | about for row in judged]


def _rounded(row: dict[str, object]) -> dict[str, object]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}
