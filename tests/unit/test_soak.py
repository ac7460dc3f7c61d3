"""What `python -m bench.soak` finds fault with."""

import pytest
from bench.samples import Sample, complaints

QUIET = {
    "process_resident_memory_bytes": 100e6,
    "process_open_fds": 30,
    "process_threads": 12,
    "palabre_tasks": 5,
    "palabre_media_sessions": 1,
    "palabre_event_streams": 0,
    "palabre_participants": 1,
}


def sample(**changed: float) -> Sample:
    return Sample(QUIET | changed)


def test_a_server_that_is_as_it_was_is_found_no_fault_with() -> None:
    during = [sample(process_resident_memory_bytes=150e6 + n) for n in range(100)]
    assert complaints(sample(), during, sample(process_resident_memory_bytes=104e6)) == []


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ({"palabre_media_sessions": 2}, "2 sessions"),
        ({"palabre_event_streams": 1}, "1 event streams"),
        ({"palabre_participants": 7}, "7 participants"),
        ({"process_open_fds": 31}, "30 file descriptors before, 31 after"),
        ({"process_threads": 13}, "12 threads before, 13 after"),
        ({"palabre_tasks": 6}, "5 asyncio tasks before, 6 after"),
        ({"process_resident_memory_bytes": 106e6}, "100.0 MB before, 106.0 MB after"),
    ],
)
def test_what_stays_behind_is_named(left: dict[str, float], said: str) -> None:
    found = complaints(sample(), [], sample(**left))
    assert len(found) == 1
    assert said in found[0]


def test_memory_that_grows_all_the_time_is_named_though_it_comes_back_at_the_end() -> None:
    during = [sample(process_resident_memory_bytes=100e6 + 1e6 * n) for n in range(100)]
    (found,) = complaints(sample(), during, sample())
    assert "early on" in found
