import asyncio
import os
from pathlib import Path

import pytest

from c2c_stream.sandbox import Ended, Pool, Reply, cgroup
from c2c_stream.sandbox.plan import BESIDE_THE_CHILD_BYTES, MAX_PROCESSES
from c2c_stream.settings import SandboxSettings
from tests.require import missing

PROGRAMS = str(Path(__file__).parent / "programs")
MEMORY_BYTES = 64 * 1024 * 1024
V1 = """\
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 /box /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
"""
V2 = "31 23 0:26 / {point} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def made() -> cgroup.Cgroup:
    try:
        return cgroup.make(MEMORY_BYTES)
    except cgroup.NoCgroupError as error:
        missing(f"a control group that may be written ({error})")


def test_a_jail_is_in_a_group_of_its_own_which_goes_with_it() -> None:
    made().remove()

    async def seen() -> tuple[list[Path], list[int], list[Path]]:
        pool = Pool("echo_program:main", 1, SandboxSettings(), search=(PROGRAMS,))
        await pool.start()
        jail = pool._slots[0].jail
        group = jail._cgroup  # type: ignore[union-attr]
        folders = list(group.folders)
        inside = [len((f / "cgroup.procs").read_text().split()) for f in folders]
        await pool.stop()
        return folders, inside, [folder for folder in folders if folder.exists()]

    folders, inside, left = asyncio.run(seen())
    assert folders
    assert set(inside) == {2}
    assert left == []


def test_the_groups_of_a_host_that_was_killed_are_swept() -> None:
    group = made()
    gone = [f.with_name(f"{cgroup.PREFIX}-999999999-0") for f in group.folders]
    for folder in gone:
        folder.mkdir()
    made().remove()

    assert not any(folder.exists() for folder in gone)
    assert all(folder.exists() for folder in group.folders)
    group.remove()


def test_a_group_limits_processes_and_memory_without_swap() -> None:
    group = made()
    limits = {
        file.name: file.read_text().strip()
        for folder in group.folders
        for file in folder.iterdir()
        if file.name in {"pids.max", "memory.max", "memory.limit_in_bytes"}
    }
    group.remove()

    assert limits.pop("pids.max") == str(MAX_PROCESSES)
    assert list(limits.values()) == [str(MEMORY_BYTES + BESIDE_THE_CHILD_BYTES)]


def test_a_child_that_outgrows_its_group_is_killed_and_its_zygote_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made().remove()
    settings = SandboxSettings()
    beside = 64 * 1024 * 1024 - settings.memory_bytes  # less than a child may take by its own limit
    monkeypatch.setattr(cgroup, "BESIDE_THE_CHILD_BYTES", beside)

    async def outgrow() -> tuple[Reply, Reply, bool]:
        pool = Pool("echo_program:main", 1, settings, search=(PROGRAMS,))
        await pool.start()
        try:
            before = pool.jails()
            grown = await pool.run({"source": "emit('a'); len(b'x' * (256 << 20))"}, 5000)
            after = await pool.run({"say": ["b"]}, 1000)
            return grown, after, pool.jails() == before
        finally:
            await pool.stop()

    grown, after, same = asyncio.run(outgrow())
    assert (grown.ended, grown.frames) == (Ended.MEMORY, ("a",))
    assert (after.frames, same) == (("b",), True)


def test_version_1_has_a_folder_a_controller_seen_from_where_it_is_mounted() -> None:
    groups = "8:pids:/box/ours\n4:memory:/slice\n3:cpu:/\n0::/\n"

    assert cgroup.parents_in(V1, groups) == {
        "memory": Path("/sys/fs/cgroup/memory/slice"),
        "pids": Path("/sys/fs/cgroup/pids/ours"),
    }


def test_version_2_takes_the_nearest_group_that_gives_both_controllers(tmp_path: Path) -> None:
    ours = tmp_path / "user.slice" / "session.scope"
    ours.mkdir(parents=True)
    for folder, given in ((ours, ""), (ours.parent, "memory pids"), (tmp_path, "cpu memory pids")):
        (folder / "cgroup.subtree_control").write_text(given)

    parents = cgroup.parents_in(V2.format(point=tmp_path), "0::/user.slice/session.scope\n")

    assert parents == {"": ours.parent}
    limits = dict(cgroup._limits(parents, 7))
    assert limits[ours.parent] == {"memory.max": 7, "memory.swap.max": 0, "pids.max": 8}


def test_where_no_controller_is_given_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "cgroup.subtree_control").write_text("cpu")

    with pytest.raises(cgroup.NoCgroupError, match="memory and a pids controller"):
        cgroup.parents_in(V2.format(point=tmp_path), "0::/\n")


def test_a_group_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(cgroup, "parents_in", lambda *_: {"": file})

    with pytest.raises(cgroup.NoCgroupError, match=f"{file}/c2c-jail-{os.getpid()}"):
        cgroup.make(1)
