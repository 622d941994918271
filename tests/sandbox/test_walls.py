import pytest

from c2c_stream.sandbox import SandboxUnavailable, Walls
from c2c_stream.sandbox.walls import OPTIONAL, WALLS, required_walls

ALL = frozenset(WALLS)
WHY = {"cgroup": "Permission denied: /sys/fs/cgroup/pids"}


def test_all_that_stand_and_why_others_do_not_is_one_line() -> None:
    walls = Walls("jail", ALL - {"cgroup", "landlock"}, WHY)

    assert walls.told().startswith("jail: user, mount, root, pid,")
    assert walls.told().endswith(
        "; missing: landlock, cgroup (Permission denied: /sys/fs/cgroup/pids)"
    )
    assert Walls("jail", ALL).told().endswith("cgroup; missing: none")


@pytest.mark.parametrize("backend", ["jail", "docker"])
def test_what_is_optional_need_not_stand_unless_all_must(backend: str) -> None:
    walls = Walls(backend, ALL - OPTIONAL[backend], WHY)

    walls.demand("all-but-cgroup")
    with pytest.raises(SandboxUnavailable, match=r"cgroup \(Permission denied.*'all' asks"):
        walls.demand("all")


@pytest.mark.parametrize("wall", sorted(ALL - OPTIONAL["jail"] - OPTIONAL["docker"]))
def test_no_other_wall_may_be_absent(wall: str) -> None:
    for backend in OPTIONAL:
        with pytest.raises(SandboxUnavailable, match=f"the walls .*{wall}.* do not stand here"):
            Walls(backend, ALL - {wall}).demand("all-but-cgroup")


def test_a_container_has_landlock_between_its_files_and_a_guest() -> None:
    with pytest.raises(SandboxUnavailable, match="landlock"):
        Walls("docker", ALL - {"landlock"}).demand("all-but-cgroup")


@pytest.mark.parametrize("setting", ["", "moat", "user,moat"])
def test_a_wall_that_does_not_exist_cannot_be_required(setting: str) -> None:
    with pytest.raises(SandboxUnavailable, match="require_walls"):
        required_walls(setting, "jail")


def test_walls_can_be_required_by_name() -> None:
    Walls("jail", frozenset({"user", "seccomp"})).demand("user, seccomp")
    with pytest.raises(SandboxUnavailable, match="the walls seccomp do"):
        Walls("jail", frozenset({"user"})).demand("user, seccomp")
