import asyncio
from collections.abc import Sequence

import pytest

from c2c_stream.errors import Poison
from c2c_stream.execute.compiler import BATCH, MAX_CODE_CHARS, Compiler, prepared_of
from c2c_stream.execute.prepare import PREPARED
from c2c_stream.sandbox import Ended, Reply


class Child:
    """Stands in for the child that compiles: answers with the source itself, in hexadecimal."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.error = error

    async def __call__(self, sources: Sequence[str]) -> Reply:
        self.asked.append(len(sources))
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return Reply(tuple(PREPARED + text.encode().hex() for text in sources), Ended.DONE)


async def prepared(child: Child, *codes: str) -> list[bytes]:
    compiler = Compiler(child)
    try:
        return list(await asyncio.gather(*map(compiler.prepared, codes)))
    finally:
        await compiler.stop()


def test_what_waits_is_compiled_together_each_for_itself() -> None:
    child = Child()
    codes = [f"x = {n}" for n in range(BATCH + 3)]

    assert asyncio.run(prepared(child, *codes)) == [code.encode() for code in codes]
    assert child.asked == [BATCH, 3]


def test_while_others_run_a_bundle_waits_for_as_many_as_fit_into_a_child() -> None:
    child, others = Child(), [True]

    async def main() -> list[int]:
        compiler = Compiler(child, lambda: bool(others))
        waiting = [asyncio.create_task(compiler.prepared("x")) for _ in range(BATCH - 1)]
        await asyncio.sleep(0)
        before = list(child.asked)
        await asyncio.gather(compiler.prepared("x"), *waiting)
        one = asyncio.create_task(compiler.prepared("y"))
        await asyncio.sleep(0)
        others.clear()
        compiler.look()
        assert await one == b"y"
        return before

    assert asyncio.run(main()) == []
    assert child.asked == [BATCH, 1]


def test_one_that_comes_later_is_compiled_as_well() -> None:
    async def main() -> None:
        compiler = Compiler(Child())
        assert await compiler.prepared("x") == b"x"
        assert await compiler.prepared("y") == b"y"

    asyncio.run(main())


def test_code_that_is_too_long_is_left_to_its_own_child() -> None:
    child = Child()

    assert asyncio.run(prepared(child, "x" * (MAX_CODE_CHARS + 1))) == [b""]
    assert child.asked == []


def test_sources_that_break_a_jail_are_left_to_their_own_children() -> None:
    assert asyncio.run(prepared(Child(Poison("broken")), "x", "y")) == [b"", b""]


def test_a_bug_reaches_all_who_wait() -> None:
    with pytest.raises(KeyError):
        asyncio.run(prepared(Child(KeyError("bug")), "x", "y"))


def test_one_who_gives_up_waiting_changes_nothing_for_the_others() -> None:
    async def main() -> None:
        compiler = Compiler(Child())
        one, two = (asyncio.create_task(compiler.prepared(code)) for code in "xy")
        await asyncio.sleep(0)
        one.cancel()

        assert await two == b"y"

    asyncio.run(main())


@pytest.mark.parametrize(
    "reply",
    [
        Reply(("P00",), Ended.DONE),
        Reply(("P00", "P00", "P00"), Ended.DONE),
        Reply(("P00", "P0x"), Ended.DONE),
        Reply(("P00", "P00"), Ended.CRASH),
    ],
    ids=["missing", "more", "forged", "crash"],
)
def test_nothing_is_believed_of_a_child_that_did_not_do_as_agreed(reply: Reply) -> None:
    assert prepared_of(reply, 2) == [b"", b""]


def test_a_source_that_does_not_compile_is_left_to_its_own_child() -> None:
    assert prepared_of(Reply(("P00", "P"), Ended.DONE), 2) == [b"\0", b""]
