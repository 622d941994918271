"""Which walls there are, which stand, and which must. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from c2c_stream.sandbox.unavailable import SandboxUnavailable

# Every wall, in the order in which it is told.
WALLS: Final = (
    "user",
    "mount",
    "root",
    "pid",
    "net",
    "ipc",
    "uts",
    "cgroup-namespace",
    "uid",
    "capabilities",
    "rlimits",
    "seccomp",
    "landlock",
    "fds",
    "cgroup",
)
# What `all-but-cgroup` does without, by backend: control groups need rights that few services have;
# a jail's root holds nothing that Landlock would hide; an engine has user namespaces for its
# containers only where it was told to.
OPTIONAL: Final[Mapping[str, frozenset[str]]] = {
    "jail": frozenset({"cgroup", "landlock"}),
    "docker": frozenset({"cgroup", "user", "cgroup-namespace"}),
}


@dataclass(frozen=True, slots=True)
class Walls:
    """The walls around one jail: those that stand, and why others do not."""

    backend: str
    standing: frozenset[str]
    missing: Mapping[str, str] = field(default_factory=dict)  # where a reason is known

    def absent(self) -> tuple[str, ...]:
        """Return the walls that do not stand."""
        return tuple(name for name in WALLS if name not in self.standing)

    def told(self) -> str:
        """Return one line about all of them."""
        standing = ", ".join(name for name in WALLS if name in self.standing)
        absent = ", ".join(map(self._why, self.absent()))
        return f"{self.backend}: {standing}; missing: {absent or 'none'}"

    def demand(self, setting: str) -> None:
        """Raise SandboxUnavailable where a wall that `sandbox.require_walls` asks for is absent."""
        required = required_walls(setting, self.backend)
        absent = [self._why(name) for name in self.absent() if name in required]
        if absent:
            raise SandboxUnavailable(
                f"sandbox: the walls {', '.join(absent)} do not stand here, and "
                f"sandbox.require_walls = {setting!r} asks for them; nothing is run without them"
            )

    def _why(self, name: str) -> str:
        return f"{name} ({self.missing[name]})" if name in self.missing else name


def required_walls(setting: str, backend: str) -> frozenset[str]:
    """Return the walls that `sandbox.require_walls` names. Raises SandboxUnavailable."""
    if setting == "all":
        return frozenset(WALLS)
    if setting == "all-but-cgroup":
        return frozenset(WALLS) - OPTIONAL[backend]
    named = frozenset(part.strip() for part in setting.split(",") if part.strip())
    unknown = named - frozenset(WALLS)
    if unknown or not named:
        raise SandboxUnavailable(
            f"sandbox.require_walls: {setting!r} names no wall that there is; "
            f"all, all-but-cgroup, or some of {', '.join(WALLS)}"
        )
    return named
