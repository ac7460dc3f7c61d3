"""What many ask at the same moment is answered at once: one query, one transaction for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from itertools import repeat
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Q = TypeVar("Q")
A = TypeVar("A")

AnswerAll = Callable[[K, Sequence[Q]], Awaitable[Sequence[A | Exception]]]
"""Answers the questions of one key in their order; an exception is raised to whoever asked, and only there."""

AT_ONCE = 256
"""Questions answered in one go. More wait for the next, so that nobody waits for a whole crowd."""

WAITING = 10_000
"""Questions of one key that may wait; one more is refused with TooMany."""


class TooMany(Exception):
    """So many wait already that another could only wait too long."""


class Together(Generic[K, Q, A]):
    """Questions that come while others of their key are being answered wait, and are answered next, together.

    One who asks alone is answered at once. Questions of one key never overtake each other, and an answer
    never comes from before the question: it is begun after that was asked.
    """

    def __init__(self, answer_all: AnswerAll[K, Q, A]) -> None:
        self._answer_all = answer_all
        self._waiting: dict[K, list[tuple[Q, asyncio.Future[A]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, key: K, question: Q) -> A:
        """Raises what the answer is when that is an exception; TooMany."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = [(question, answer)]
            task = asyncio.create_task(self._work(key))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif len(waiting) < WAITING:
            waiting.append((question, answer))
        else:
            raise TooMany
        try:
            return await answer
        finally:
            del answer  # an exception knows this frame: a circle, which only the collector would find

    async def _work(self, key: K) -> None:
        """Until nobody waits. Whoever asked may be gone by then: the work is done all the same."""
        while batch := self._waiting[key][:AT_ONCE]:
            del self._waiting[key][:AT_ONCE]
            asked = self._answer_all(key, [question for question, _ in batch])
            [answers] = await asyncio.gather(asked, return_exceptions=True)
            each = repeat(answers) if isinstance(answers, BaseException) else answers
            for (_, future), answer in zip(batch, each, strict=False):
                _settle(future, answer)
        del self._waiting[key]


def _settle(future: asyncio.Future[A], answer: A | BaseException) -> None:
    if future.done():
        return  # cancelled: nobody waits for it any more
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
