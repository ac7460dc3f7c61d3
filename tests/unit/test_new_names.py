"""Names nobody can guess, and the same name for the same seed."""

import string
from collections import Counter

from palabre.adapters.system import SystemIds

IDS = SystemIds()


def test_new_names_are_22_characters_of_which_none_comes_more_often():
    names = [IDS.participant() for _ in range(4000)]
    assert len(set(names)) == len(names)
    characters = Counter("".join(name.removeprefix("part_") for name in names))
    assert set(characters) == set(string.digits + string.ascii_letters)
    assert sum(characters.values()) == 22 * len(names)
    mean = 22 * len(names) / 62  # 1,419; six standard deviations are 226
    assert all(abs(count - mean) < 226 for count in characters.values())


def test_a_seed_gives_the_name_it_has_always_given():
    assert IDS.room("x") == "room_BIY8JiXM7baHUeOaBynlhQ"
    assert IDS.chat("x") == IDS.chat("x") != IDS.chat("y")


def test_a_csrc_is_any_number_of_32_bits_but_none():
    assert all(0 < IDS.csrc() < 2**32 for _ in range(1000))
