"""What can stand in the way of a slice, and how large a slice may become."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

ObstacleReason = Literal[
    "third_party",
    "self_import",
    "star_import",
    "conditional_import",
    "unresolved_name",
    "stdlib_platform",
    "dep_async",
    "class_too_large",
    "too_many_deps",
    "bundle_too_long",
]
_RANK: dict[str, int] = {reason: rank for rank, reason in enumerate(get_args(ObstacleReason))}


class Obstacle(NamedTuple):
    """Why a function cannot be sliced, and the name concerned."""

    reason: ObstacleReason
    detail: str


class SliceError(Exception):
    """The function cannot be sliced."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(f"{obstacle.reason}: {obstacle.detail}")
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True)
class SliceLimits:
    """How large a bundle may become."""

    dependencies: int = 12
    bundle_lines: int = 200
    bundle_bytes: int = 64 * 1024
    class_lines: int = 80


def worst(obstacles: Iterable[Obstacle]) -> Obstacle | None:
    """Return the obstacle to name where there are several, whatever their order."""
    return min(obstacles, key=lambda each: (_RANK[each.reason], each.detail), default=None)
