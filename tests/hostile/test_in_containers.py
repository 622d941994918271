"""The other backend, in containers of a real Docker engine: the same programs, and its ends."""

import asyncio
import gc
import itertools
import subprocess
import sys
import warnings
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from c2c_stream.sandbox import Ended, Pool, Reply, SandboxUnavailable
from c2c_stream.sandbox.protocol import REQUEST_BYTES
from c2c_stream.sandbox.walls import OPTIONAL, WALLS, Walls
from c2c_stream.settings import SandboxSettings
from tests import dockerd
from tests.hostile.gauntlet import PROGRAMS, Cage, caged, children_of
from tests.hostile.test_hostile import is_dead
from tests.processes import ROOT

ECHO = str(ROOT / "tests" / "sandbox" / "programs")
T = TypeVar("T")
HOST = f"""
import asyncio
from c2c_stream.sandbox import Pool
from c2c_stream.settings import SandboxSettings
async def main():
    settings = SandboxSettings(backend="docker", image={dockerd.IMAGE!r})
    pool = Pool("echo_program:main", 1, settings, search=({ECHO!r},))
    await pool.start()
    print(*pool.jails(), flush=True)
    await pool.run({{"source": "import time; time.sleep(600)"}}, 600_000)
asyncio.run(main())
"""


@pytest.fixture(scope="module", autouse=True)
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        dockerd.running(tmp_path_factory.mktemp("docker")) as address,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DOCKER_HOST", address)
        yield address


@pytest.fixture(scope="module")
def cage(engine: str) -> Iterator[Cage]:  # noqa: ARG001  # it must run
    with caged(SandboxSettings(backend="docker", image=dockerd.IMAGE)) as cage:
        yield cage


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_hostile_program_earns_its_verdict_and_nothing_else_changes(
    cage: Cage, path: Path
) -> None:
    finding = cage.challenge(path)

    print(f"{finding.beyond_ms:.0f} ms beyond its limit")
    assert finding.complaints == ()


def in_pool(
    use: Callable[[Pool], Awaitable[T]],
    told: Callable[[Walls], None] = lambda _: None,
    image: str = dockerd.IMAGE,
) -> T:
    async def main() -> T:
        settings = SandboxSettings(backend="docker", image=image)
        pool = Pool("echo_program:main", 1, settings, search=(ECHO,), told=told)
        await pool.start()
        try:
            return await use(pool)
        finally:
            await pool.stop()

    return asyncio.run(main())


async def until_busy(pool: Pool) -> None:
    """Return when a child runs."""
    async with asyncio.timeout(30):
        for _ in itertools.repeat(None):
            if any(children_of(zygote) for jail in pool.jails() for zygote in children_of(jail)):
                return
            await asyncio.sleep(0)


def test_all_walls_of_an_engine_stand_and_those_that_do_not_are_told_with_the_reason() -> None:
    heard: list[Walls] = []

    async def nothing(_: Pool) -> None:
        return None

    in_pool(nothing, heard.append)

    (walls,) = heard
    assert walls.standing >= set(WALLS) - OPTIONAL["docker"]
    assert set(walls.absent()) == set(walls.missing)


def test_what_a_child_leaves_comes_out_and_nothing_of_it_stays_for_the_next() -> None:
    grab = f"view, at = emit.__self__._arena, {REQUEST_BYTES}\n"
    forge = f"{grab}view[at+4:at+8] = b'\\xff\\xff\\xff\\x7f'\nos._exit(0)"
    write = f"emit('kept')\n{grab}view[at+9999:at+10005] = b'secret'\nwhile True: pass"
    read = f"{grab}emit(repr(bytes(view[at+9999:at+10005])))"

    async def all_of_them(pool: Pool) -> list[Reply]:
        return [await pool.run({"source": source}, 200) for source in (forge, write, read)]

    forged, stopped, clean = in_pool(all_of_them)
    assert forged.ended is Ended.FORGED
    assert stopped.frames == ("kept",)
    assert stopped.ended in {Ended.CPU, Ended.WALL}  # by how busy the machine is
    assert (clean.frames, clean.ended) == ((repr(bytes(6)),), Ended.DONE)


def test_a_container_that_is_killed_is_made_anew_and_a_cancelled_request_frees_its_place() -> None:
    async def kill_and_cancel(pool: Pool) -> tuple[Reply, int]:
        (before,) = pool.jails()
        nap = asyncio.create_task(pool.run({"source": "import time; time.sleep(.2)"}, 2000))
        await until_busy(pool)
        pool._slots[0].jail.kill()  # type: ignore[union-attr]  # it is there
        reply = await nap
        endless = asyncio.create_task(pool.run({"source": "import time; time.sleep(99)"}, 100_000))
        await until_busy(pool)
        endless.cancel()
        with pytest.raises(asyncio.CancelledError):
            await endless
        assert reply.ended is Ended.DONE
        return await pool.run({"say": ["next"]}, 1000), before

    reply, before = in_pool(kill_and_cancel)
    assert is_dead(before)
    assert reply.frames == ("next",)


def test_a_container_ends_with_a_host_that_is_killed() -> None:
    command = [sys.executable, "-c", HOST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as host:
        assert host.stdout is not None
        container = int(host.stdout.readline())
        everyone = [container, *children_of(container)]
        host.kill()

    assert len(everyone) == 2
    assert all(is_dead(pid) for pid in everyone)


def refusal(image: str = dockerd.IMAGE) -> str:
    async def nothing(_: Pool) -> None:
        return None

    with pytest.raises(SandboxUnavailable) as refused:
        in_pool(nothing, image=image)
    return str(refused.value)


def test_an_image_that_is_not_there_is_named() -> None:
    told = refusal("127.0.0.1:9/no/such/image")

    assert "'127.0.0.1:9/no/such/image' is not here and cannot be fetched" in told
    assert "C2C_SANDBOX__IMAGE" in told


def test_an_engine_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the client drops the socket it tried
        told = refusal()
        gc.collect()

    assert "DOCKER_HOST" in told


def test_a_client_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)

    assert "pip install 'c2c-stream[docker]'" in refusal()
