import asyncio
from collections.abc import Sequence

import pytest

from c2c_stream.errors import Poison, Unavailable
from c2c_stream.execute.batches import Batches, Mate
from c2c_stream.execute.child import NEXT
from c2c_stream.execute.compare import Run
from c2c_stream.execute.frames import Call
from c2c_stream.execute.request import Request
from c2c_stream.execute.sharing import BATCH
from c2c_stream.sandbox import Ended, Reply, Verdict

FIRST = Run({0: Call(0, Verdict.VALUE, "1", 5)}, Verdict.EXITED)
AGREES = ("-1 value 0 ", "0 value 5 1", NEXT)
DIFFERS = ("-1 value 0 ", "0 value 5 2", NEXT)


class Child:
    """Stands in for the second pool; keeps what it was asked, answers as it was told."""

    def __init__(self, answer: Reply | Exception | None = None) -> None:
        self.asked: list[list[object]] = []
        self.answer = answer

    async def __call__(self, requests: Sequence[Request]) -> Reply:
        self.asked.append([request["name"] for request in requests])
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or Reply(AGREES * len(requests), Ended.DONE)


def join(batches: Batches, name: int, repository: str = "r") -> Mate:
    return batches.join(repository, {"name": name}, FIRST)


async def joined(child: Child, *repositories: str) -> list[bool]:
    """Let one function of each repository join, all in their first run at once."""
    batches = Batches(child, 100)
    with batches.coming():
        mates = [join(batches, name, of) for name, of in enumerate(repositories)]
    return [await mate.agrees for mate in mates]


def test_those_of_a_repository_share_a_child() -> None:
    child = Child()

    assert asyncio.run(joined(child, "a", "b", "a", "b")) == [True] * 4
    assert child.asked == [[0, 2], [1, 3]]


def test_one_that_has_no_mate_is_left_to_run_alone() -> None:
    child = Child()

    assert asyncio.run(joined(child, "a", "b", "b")) == [False, True, True]
    assert child.asked == [[1, 2]]


def test_a_batch_that_is_full_does_not_wait() -> None:
    async def main() -> None:
        child = Child()
        batches = Batches(child, 100)
        with batches.coming():
            for name in range(BATCH):
                with batches.coming():
                    mate = join(batches, name)
            assert await mate.agrees
        assert child.asked == [list(range(BATCH))]

    asyncio.run(main())


def test_a_function_waits_for_those_in_their_first_run_and_for_no_later_one() -> None:
    async def main() -> None:
        child = Child()
        batches = Batches(child, 100)
        before, later = batches.coming(), batches.coming()
        with before, batches.coming():
            first = join(batches, 0)
        with later:
            assert not await first.agrees  # it was alone
        assert child.asked == []

        with batches.coming():
            with batches.coming():
                second = join(batches, 1)
            third = join(batches, 2)
            await asyncio.sleep(0)
            assert child.asked == []
        assert await second.agrees
        assert await third.agrees
        assert child.asked == [[1, 2]]

    asyncio.run(main())


def test_a_function_that_never_joins_keeps_nobody_waiting() -> None:
    async def main() -> None:
        batches = Batches(Child(), 100)
        broken = batches.coming()
        broken.__enter__()
        with batches.coming():
            mate = join(batches, 0)
        broken.__exit__(None, None, None)

        assert not await mate.agrees

    asyncio.run(main())


def test_only_the_mate_that_differs_is_left_to_run_again() -> None:
    child = Child(Reply(AGREES + DIFFERS + AGREES, Ended.DONE))

    assert asyncio.run(joined(child, *"aaa")) == [True, False, True]


@pytest.mark.parametrize("answer", [Poison("too long"), Unavailable("no jail")], ids=repr)
def test_a_batch_that_cannot_run_leaves_all_to_run_alone(answer: Exception) -> None:
    assert asyncio.run(joined(Child(answer), "a", "a")) == [False, False]


def test_a_bug_reaches_all_who_wait() -> None:
    async def main() -> None:
        batches = Batches(Child(KeyError("bug")), 100)
        with batches.coming():
            mates = [join(batches, 0), join(batches, 1)]
        for mate in mates:
            with pytest.raises(KeyError):
                await mate.agrees

    asyncio.run(main())


def test_one_who_gives_up_waiting_changes_nothing_for_the_others() -> None:
    async def main() -> None:
        batches = Batches(Child(), 100)
        with batches.coming():
            mates = [join(batches, 0), join(batches, 1)]
        mates[0].agrees.cancel()

        assert await mates[1].agrees

    asyncio.run(main())


def test_stopping_ends_a_batch_that_runs() -> None:
    async def endless(_requests: Sequence[Request]) -> Reply:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def main() -> None:
        batches = Batches(endless, 100)
        with batches.coming():
            mates = [join(batches, 0), join(batches, 1)]
        await asyncio.sleep(0)
        await batches.stop()

        assert not mates[0].agrees.done()

    asyncio.run(main())
