"""A client's reducer in a few lines: folds changes on the wire into a snapshot on the wire."""

from typing import Any

Json = dict[str, Any]


def fold(snapshot: Json, change: Json) -> Json:
    """`snapshot` after `change`. A gap is a failed test."""
    assert change["after"] == snapshot["version"]
    for event in change["events"]:
        snapshot = _apply(snapshot, event)
    return {**snapshot, "version": change["version"]}


def as_set(snapshot: Json) -> Json:
    """The order of participants says nothing."""
    return {**snapshot, "participants": sorted(snapshot["participants"], key=lambda p: p["id"])}


def _apply(snapshot: Json, event: Json) -> Json:
    room, people = snapshot["room"], {p["id"]: p for p in snapshot["participants"]}
    match event:
        case {"type": "title_changed", "title": title}:
            room = {**room, "title": title}
        case {"type": "recording_changed", "recording": recording}:
            room = {**room, "recording": recording}
        case {"type": "hands_policy_changed", "hands": hands}:
            room = {**room, "hands": hands}
        case {"type": "join_muted_changed", "join_muted": join_muted}:
            room = {**room, "join_muted": join_muted}
        case {"type": "room_ended"}:
            room = {**room, "state": "ended"}
        case {"type": "participants_put", "participants": put}:
            people |= {p["id"]: p for p in put}
        case {"type": "participants_gone", "ids": ids}:
            people = {k: p for k, p in people.items() if k not in ids}
        case {"type": "counts_changed", "counts": counts}:
            snapshot = {**snapshot, "counts": counts}
        case _:
            raise AssertionError(f"unknown event {event}")
    return {**snapshot, "room": room, "participants": list(people.values())}
