"""What is asked at the same moment is answered at once; nobody is forgotten, whatever happens to the others."""

import asyncio

import pytest

from palabre.rooms.together import AT_ONCE, WAITING, Together, TooMany


class Oracle:
    """Doubles numbers when it is let; -1 is refused, -2 breaks the whole answer."""

    def __init__(self) -> None:
        self.batches = []
        self.let = asyncio.Event()

    async def answer(self, key, questions):
        self.batches.append((key, list(questions)))
        await self.let.wait()
        if -2 in questions:
            raise OSError("no answer")
        return [ValueError("refused") if question == -1 else 2 * question for question in questions]


@pytest.fixture
def oracle():
    return Oracle()


async def asking(together, *questions, key="a"):
    """Asks, and gives the loop the few turns it takes until the question has gone out."""
    tasks = [asyncio.ensure_future(together.ask(key, question)) for question in questions]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_questions_that_come_meanwhile_are_answered_next_and_together(oracle):
    together = Together(oracle.answer)
    tasks = await asking(together, 1) + await asking(together, 2, 3) + await asking(together, 4)
    assert oracle.batches == [("a", [1])]
    oracle.let.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert oracle.batches == [("a", [1]), ("a", [2, 3, 4])]


async def test_each_key_has_its_own_turn(oracle):
    together = Together(oracle.answer)
    tasks = await asking(together, 1) + await asking(together, 2, key="b")
    assert oracle.batches == [("a", [1]), ("b", [2])]
    oracle.let.set()
    await asyncio.gather(*tasks)


async def test_a_refusal_is_raised_to_whoever_asked_and_a_failure_to_all(oracle):
    together = Together(oracle.answer)
    oracle.let.set()
    refused = await asyncio.gather(*await asking(together, 1, -1, 2), return_exceptions=True)
    assert [refused[0], refused[2]] == [2, 4]
    assert isinstance(refused[1], ValueError)
    failed = await asyncio.gather(*await asking(together, 1, -2), return_exceptions=True)
    assert [type(error) for error in failed] == [OSError, OSError]
    assert await together.ask("a", 5) == 10


async def test_who_stops_waiting_takes_nothing_from_the_others(oracle):
    together = Together(oracle.answer)
    first, second, third = await asking(together, 1) + await asking(together, 2, 3)
    first.cancel()
    second.cancel()
    oracle.let.set()
    assert await third == 6
    assert oracle.batches[1] == ("a", [2, 3])


async def test_a_crowd_is_answered_in_parts_and_a_flood_is_refused(oracle):
    together = Together(oracle.answer)
    tasks = await asking(together, 0) + await asking(together, *range(WAITING))
    with pytest.raises(TooMany):
        await together.ask("a", 1)
    oracle.let.set()
    assert await asyncio.gather(*tasks) == [0, *(2 * n for n in range(WAITING))]
    assert max(len(questions) for _, questions in oracle.batches) == AT_ONCE
