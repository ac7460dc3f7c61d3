"""The vectors that the web client's reducer is tested with."""

import json

import pytest

from palabre.wire.vectors import FILE, text, vectors
from tests.unit.domain.fold import as_set, fold

CASES = vectors()["cases"]


def test_the_file_in_the_repository_is_fresh():
    assert FILE.read_text(encoding="utf-8") == text(), "run `make gen`"


def test_the_file_is_what_a_reader_gets():
    assert json.loads(FILE.read_text(encoding="utf-8"))["cases"] == CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['name']}, {case['viewer']}")
def test_old_snapshot_and_changes_make_the_expected_snapshot(case):
    seen = case["snapshot"]
    for change in case["changes"]:
        seen = fold(seen, change)
    assert as_set(seen) == as_set(case["expected"])
    assert as_set(fold(case["snapshot"], case["gathered"])) == as_set(case["expected"])
