"""FrozenMap does what a dictionary does, and shares what did not change."""

from hypothesis import given
from hypothesis import strategies as st

from palabre.domain.frozen_map import SMALL, FrozenMap

keys = st.integers(0, 400).map(str)
steps = st.lists(st.tuples(keys, st.integers() | st.none()), max_size=600)
"""Key and value to put; None: to drop the key."""


def after(steps, start):
    """The map after the steps, and a dictionary after the same ones."""
    frozen, plain = FrozenMap(start), dict(start)
    for key, value in steps:
        if value is None:
            frozen = frozen.drop(key)
            plain.pop(key, None)
        else:
            frozen = frozen.put(key, value)
            plain[key] = value
    return frozen, plain


@given(st.dictionaries(keys, st.integers(), max_size=300), steps)
def test_it_holds_what_a_dictionary_would_hold(start, steps):
    frozen, plain = after(steps, start)
    assert dict(frozen) == plain
    assert len(frozen) == len(plain)
    assert all(key in frozen and frozen.get(key) == value for key, value in plain.items())
    assert "nobody" not in frozen
    assert frozen == FrozenMap(plain)


@given(st.dictionaries(keys, st.integers(), max_size=300), steps)
def test_the_older_map_stays_and_the_difference_leads_to_the_newer(start, steps):
    old = FrozenMap(start)
    new, plain = after(steps, start)
    assert dict(old) == start
    caught_up = dict(start)
    for key, before, now in new.since(old):
        assert caught_up.get(key) == before
        if now is None:
            del caught_up[key]
        else:
            caught_up[key] = now
    assert caught_up == plain
    assert list(new.since(new)) == []


def test_a_change_in_a_big_map_copies_a_small_part_of_it():
    big = FrozenMap({str(n): n for n in range(20_000)})
    new = big.put("one more", 1)
    copied = [
        len(mine) for mine, theirs in zip(new._buckets, big._buckets, strict=True) if mine is not theirs
    ]
    assert len(copied) == 1
    assert max(map(len, big._buckets)) < 200
    assert len(big._buckets) < 600


def test_a_small_map_keeps_the_order_in_which_entries_came():
    frozen = FrozenMap()
    for n in reversed(range(SMALL)):
        frozen = frozen.put(str(n), n)
    assert list(frozen.put("7", -7)) == [str(n) for n in reversed(range(SMALL))]
