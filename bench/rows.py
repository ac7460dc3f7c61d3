"""One measured figure, and the list of them."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Row:
    """A line of bench/results.json."""

    name: str
    value: float
    unit: str
    what: str
    limit: float | None = None
    """What the raw limit was in the same run, in the same unit."""

    @property
    def ratio(self) -> float | None:
        return None if not self.limit else self.value / self.limit


@dataclass
class Results:
    """Everything one run found."""

    rows: list[Row] = field(default_factory=list)
    curve: list[tuple[int, float, float]] = field(default_factory=list)
    """(listeners, server's CPU µs per packet, raw CPU µs per packet)"""

    def add(self, name: str, value: float, unit: str, what: str, limit: float | None = None) -> None:
        self.rows.append(Row(name, value, unit, what, limit))

    def as_json(self, *, machine: str, command: str, date: str) -> list[dict[str, object]]:
        """Rows with where, how and when they were measured."""
        about = {"machine": machine, "command": command, "date": date}
        return [_rounded(asdict(row) | {"ratio": row.ratio}) | about for row in self.rows]


def _rounded(row: dict[str, object]) -> dict[str, object]:
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in row.items()}
