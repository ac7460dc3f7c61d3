"""Opaque cursors: where the next page begins."""

import base64
import binascii
import json
from datetime import datetime

from palabre.domain.refusal import Code, Refused


def write_cursor(*key: str | int | datetime) -> str:
    """The sort key of the last row shown."""
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type[str] | type[int] | type[datetime]) -> list[str | int | datetime]:
    """The parts `write_cursor` was given. Raises Refused(BAD_CURSOR)."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_part(kind, part) for kind, part in zip(kinds, parts, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise Refused(Code.BAD_CURSOR) from error


def _part(kind: type[str] | type[int] | type[datetime], part: object) -> str | int | datetime:
    if kind is datetime and isinstance(part, str):
        found = datetime.fromisoformat(part)
        if found.tzinfo is None:
            raise ValueError("a time without a zone")
        return found
    if kind is not datetime and isinstance(part, kind):
        return part
    raise ValueError(f"not {kind.__name__}")
