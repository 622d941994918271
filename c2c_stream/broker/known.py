"""The follower's seat at a run: it puts records on a topic and remembers why, in one step."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from c2c_stream.broker.local import LocalBroker
from c2c_stream.broker.protocol import Produced
from c2c_stream.topics import REPOS

FOLLOWER: Final = "follower"


class Known(Protocol):
    """What a follower knows, kept by the broker. One at a time: a second one ends the first."""

    def open(self) -> Mapping[str, bytes]:
        """Return all that was put. Again after an Unavailable: then it may have been put or not.

        Raises Fatal, Unavailable.
        """
        ...

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        """Append `outputs` and remember `values`: all of it, or nothing. Raises as `open`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class LocalKnown:
    """What a follower knows, in the local log."""

    def __init__(self, folder: Path, run: str) -> None:
        self._seat = LocalBroker(folder, run, FOLLOWER)

    def open(self) -> Mapping[str, bytes]:
        """See Known. A second follower is refused."""
        return dict(self._seat.state())

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        """See Known."""
        self._seat.commit(outputs, {}, {(REPOS.name, 0): values})

    def close(self) -> None:
        """See Known."""
        self._seat.close()
