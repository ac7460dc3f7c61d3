"""JSON as it is written into the database."""

from typing import Any

from pydantic_core import to_json


def written_json(value: Any) -> str:
    """A fifth of the standard library's time, at each event of a room. Raises ValueError for what JSON cannot say."""
    return to_json(value).decode()
