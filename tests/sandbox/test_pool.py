import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from c2c_stream import sandbox
from c2c_stream.errors import Poison, Unavailable
from c2c_stream.sandbox import Ended, Pool, Reply, SandboxUnavailable, host
from c2c_stream.sandbox.protocol import COMPILED, REQUEST_BYTES
from c2c_stream.sandbox.walls import OPTIONAL, WALLS, Walls
from c2c_stream.settings import SandboxSettings

PROGRAMS = str(Path(__file__).parent / "programs")
T = TypeVar("T")
# What a guest can do that finds the arena: write where the header is.
GRAB = f"view, at = emit.__self__._arena, {REQUEST_BYTES}\n"


def pool_of(
    jobs: int = 1,
    hash_seed: int = 0,
    told: Callable[[Walls], None] = lambda _: None,
    **settings: Any,
) -> Pool:
    return Pool(
        "echo_program:main",
        jobs,
        SandboxSettings(**settings),
        hash_seed=hash_seed,
        search=(PROGRAMS,),
        told=told,
    )


@asynccontextmanager
async def started(pool: Pool) -> AsyncIterator[Pool]:
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


def in_pool(use: Callable[[Pool], Awaitable[T]], jobs: int = 1, **settings: Any) -> T:
    async def main() -> T:
        async with started(pool_of(jobs, **settings)) as pool:
            return await use(pool)

    return asyncio.run(main())


def run(source: str, cpu_ms: int = 2000, wall_ms: int | None = None) -> Reply:
    return in_pool(lambda pool: pool.run({"source": source}, cpu_ms, wall_ms))


def jail_pid(pool: Pool, slot: int = 0) -> int:
    jail = pool._slots[slot].jail
    assert jail is not None
    return jail.pid


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until_busy(pool: Pool) -> None:
    """Return when a child runs in the first jail."""
    async with asyncio.timeout(30):
        for _ in itertools.repeat(None):
            if any(children_of(zygote) for zygote in children_of(jail_pid(pool))):
                return
            await asyncio.sleep(0)


def test_frames_come_out_in_order_and_the_end_is_seen() -> None:
    reply = in_pool(lambda pool: pool.run({"say": ["a", "\u20ac", ""]}, 1000))

    assert reply.frames == ("a", "\u20ac", "")
    assert reply.ended is Ended.DONE


def test_every_wall_but_the_optional_ones_stands_and_is_told() -> None:
    heard: list[Walls] = []

    async def start() -> None:
        async with started(pool_of(told=heard.append)):
            pass

    asyncio.run(start())
    (walls,) = heard
    assert walls.standing >= set(WALLS) - OPTIONAL["jail"]
    assert set(walls.absent()) == set(walls.missing)


def test_a_child_that_leaves_without_its_mark_is_not_trusted() -> None:
    assert run("os._exit(0)").ended is Ended.EXITED


def test_frames_before_a_hang_survive() -> None:
    reply = run("emit('before')\nwhile True: pass", cpu_ms=60)

    assert reply.frames == ("before",)
    assert reply.ended is Ended.CPU


def test_a_child_that_sleeps_is_killed_by_the_wall_clock() -> None:
    assert run("import time; time.sleep(1e6)", 1000, 50).ended is Ended.WALL


def test_a_guest_does_not_learn_the_name_of_the_machine() -> None:
    assert run("emit(os.uname().nodename)").frames == ("jail",)


def test_a_jail_that_was_ended_leaves_no_descriptor_behind() -> None:
    async def rotated(pool: Pool) -> int:
        before = descriptors()
        for _ in range(3):
            await pool.run({"say": ["x"]}, 1000)
        return descriptors() - before

    assert in_pool(rotated, requests_per_jail=1) <= 0


def test_a_child_that_dies_of_a_signal_is_a_crash_with_its_number() -> None:
    reply = run("import ctypes; ctypes.string_at(0)")

    assert (reply.ended, reply.signal) == (Ended.CRASH, signal.SIGSEGV)


def test_a_program_that_raises_is_a_fault_with_its_traceback() -> None:
    reply = run("emit('x'); 1/0")

    assert reply.ended is Ended.FAULT
    assert reply.frames == ("x",)
    assert "ZeroDivisionError" in reply.fault


def test_frames_beyond_the_arena_are_refused_and_those_before_stay() -> None:
    reply = run("emit('kept')\ntry:\n    emit('x' * 10**8)\nexcept OverflowError: emit('full')")

    assert reply.frames == ("kept", "full")


def test_nothing_that_a_child_writes_reaches_the_next_one() -> None:
    write = f"{GRAB}view[at+9999:at+10005] = b'secret'"
    read = f"{GRAB}emit(repr(bytes(view[at+9999:at+10005])))"

    async def both(pool: Pool) -> Reply:
        await pool.run({"source": write}, 1000)
        return await pool.run({"source": read}, 1000)

    assert in_pool(both).frames == (repr(bytes(6)),)


def test_a_forged_length_is_rejected() -> None:
    forge = f"{GRAB}view[at+4:at+8] = b'\\xff\\xff\\xff\\x7f'"

    assert run(forge + "\nos._exit(0)").ended is Ended.FORGED


def test_a_request_larger_than_the_arena_is_the_records_fault() -> None:
    with pytest.raises(Poison, match="at most"):
        in_pool(lambda pool: pool.run({"say": ["x" * 6_000_000]}, 1000))


def test_a_jail_killed_mid_request_is_rebuilt_and_the_request_tried_again() -> None:
    async def kill_once(pool: Pool) -> tuple[Reply, int, int]:
        before = jail_pid(pool)
        task = asyncio.create_task(pool.run({"source": "import time; time.sleep(.3)"}, 2000))
        await until_busy(pool)
        os.kill(before, signal.SIGKILL)
        return await task, before, jail_pid(pool)

    reply, before, after = in_pool(kill_once)
    assert reply.ended is Ended.DONE
    assert before != after


def test_a_request_that_breaks_two_jails_is_the_records_fault() -> None:
    unmark = f"{GRAB}view[at:at+4] = bytes(4)\nos._exit(1)"

    with pytest.raises(Poison, match="broke 2 jails"):
        run(unmark)


def test_what_runs_in_one_jail_has_the_same_addresses_and_what_breaks_it_is_at_fault() -> None:
    async def addresses(pool: Pool) -> set[str]:
        async with pool.one_jail() as run:
            return {
                (await run({"source": "emit(str(id(main := lambda: 0)))"}, 1000)).frames[0]
                for _ in range(4)
            }

    async def broken(pool: Pool) -> None:
        async with pool.one_jail() as run:
            await run({"source": f"{GRAB}view[at:at+4] = bytes(4)\nos._exit(1)"}, 1000)

    assert len(in_pool(addresses, jobs=2)) == 1
    with pytest.raises(Poison, match="broke its jail"):
        in_pool(broken)


def test_a_jail_is_replaced_after_its_share_of_requests() -> None:
    async def pids(pool: Pool) -> list[int]:
        found = []
        for _ in range(5):
            reply = await pool.run({"say": ["x"]}, 1000)
            assert reply.ended is Ended.DONE
            jail = pool._slots[0].jail
            found.append(jail.pid if jail else 0)
        return found

    first, gone, second, gone_again, third = in_pool(pids, requests_per_jail=2)
    assert (gone, gone_again) == (0, 0)
    assert len({first, second, third}) == 3


def test_a_cancelled_request_ends_its_child_and_frees_its_place() -> None:
    async def cancel(pool: Pool) -> Reply:
        task = asyncio.create_task(pool.run({"source": "import time; time.sleep(99)"}, 100_000))
        await until_busy(pool)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await pool.run({"say": ["next"]}, 1000)

    assert in_pool(cancel).frames == ("next",)


def test_two_jails_work_at_the_same_time() -> None:
    async def both(pool: Pool) -> list[Reply]:
        nap = {"source": "import time; time.sleep(.2)"}
        return list(await asyncio.gather(pool.run(nap, 2000), pool.run(nap, 2000)))

    assert [reply.ended for reply in in_pool(both, jobs=2)] == [Ended.DONE, Ended.DONE]


def test_two_jails_that_are_bombed_at_once_stand_and_the_host_goes_on() -> None:
    memory = "grown = []\nwhile True: grown.append(bytearray(1 << 20))"
    swallowed = f"while True:\n  try:\n    {memory.replace(chr(10), chr(10) + '    ')}\n"
    swallowed += "  except MemoryError: grown = 0"

    async def bomb(pool: Pool) -> tuple[list[Ended], list[str], bool]:
        before = pool.jails()
        bombs = [pool.run({"source": s}, 200) for s in (memory, swallowed, memory, swallowed)]
        task = asyncio.gather(*bombs)
        turns = 0
        while not task.done():  # the loop of the host turns
            await asyncio.sleep(0.001)
            turns += 1
        again = [(await pool.run({"say": ["x"]}, 1000)).frames[0] for _ in range(2)]
        assert turns
        return [reply.ended for reply in task.result()], again, pool.jails() == before

    ends, again, same = in_pool(bomb, jobs=2, memory_bytes=64 * 1024 * 1024)
    assert ends[::2] == [Ended.FAULT] * 2  # MemoryError
    assert set(ends[1::2]) <= {Ended.CPU, Ended.WALL}  # by how busy the machine is
    assert (again, same) == (["x", "x"], True)


def test_strings_hash_by_the_seed_of_the_pool() -> None:
    async def hashed(pool: Pool) -> str:
        return (await pool.run({"source": "emit(str(hash('a')))"}, 1000)).frames[0]

    again, same, other = (in_pool(hashed, hash_seed=seed) for seed in (1, 1, 2))
    assert again == same != other


def test_a_program_that_cannot_be_imported_is_named() -> None:
    async def start() -> None:
        pool = Pool("no_such_program:main", 1, SandboxSettings(), search=(PROGRAMS,))
        await pool.start()

    with pytest.raises(SandboxUnavailable, match="no_such_program"):
        asyncio.run(start())


def test_a_jail_that_cannot_be_rebuilt_holds_the_record() -> None:
    async def starve(pool: Pool) -> None:
        jail = pool._slots[0].jail
        assert jail is not None
        pool._plan = replace(pool._plan, program="no_such_program:main")
        os.kill(jail.pid, signal.SIGKILL)
        os.waitid(os.P_PID, jail.pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222  # it is killed
        await pool.run({"say": ["x"]}, 1000)

    with pytest.raises(Unavailable, match="no jail could be built again"):
        in_pool(starve)


def test_an_interpreter_that_is_gone_when_a_jail_is_built_again_is_named() -> None:
    async def use(pool: Pool) -> Reply:
        pool._plan = replace(pool._plan, python="/no/such/python")
        pool._slots[0].clear()
        return await pool.run({}, 1000)

    with pytest.raises(Unavailable, match="/no/such/python does not"):
        in_pool(use)


def test_a_guest_sees_nothing_of_the_host() -> None:
    source = "emit(repr((dict(os.environ), sys.argv, sys.orig_argv, os.getcwd(), os.getpid())))"

    assert run(source).frames == (repr(({}, [""], [], "/", 1)),)


def test_a_guest_imports_no_installed_package() -> None:
    assert "ModuleNotFoundError" in run("import pydantic").fault


def test_a_compiled_part_of_another_version_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "COMPILED", COMPILED + 1)

    with pytest.raises(SandboxUnavailable, match=r"pip install -e \."):
        run("")


def test_a_compiled_part_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2c_stream.sandbox._zygote", None)
    monkeypatch.delattr(sandbox, "_zygote", raising=False)

    with pytest.raises(SandboxUnavailable, match=r"pip install -e \."):
        run("")
