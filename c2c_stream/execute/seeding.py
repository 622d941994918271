"""Gives `random` the run's seed again before each call. Standard library only."""

from collections.abc import Callable


def reseeder(seed: int | None) -> Callable[[], None]:
    """Return what does so, where the bundle may use it at all."""
    if seed is None:
        return _keep_seed
    import random  # noqa: PLC0415  # most children need none

    reset = random.seed  # noqa: TID251  # the guest's generator, not ours

    def reseed() -> None:
        reset(seed)

    return reseed


def _keep_seed() -> None:
    """Stand in for a bundle without randomness."""
