"""What runs inside the child: one search, told in one frame. Standard library only.

The frame is a JSON object: what was found, or why the bundle does not load. It is hostile text to
whoever reads it, because the code that was searched ran in this process.
"""

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from c2c_stream.write.search.loop import search
from c2c_stream.write.search.run import LoadError

VERSION: Final = "2"  # of the search: other inputs for the same function are another version
_DETAIL_CHARS: Final = 200

# Not one may keep state, or be slow: each jail runs them before it serves.
_WARM_UP: Final = (
    "def f(nums, k=2):\n    return [n for n in nums if n > k and n % k == 0]\n",
    "def f(text, sep):\n    return {w: len(w) for w in text.split(sep) if w.isalpha()}\n",
    "def f(record):\n    return record['name'] + str(record['size'] / 2)\n",
    "def f(rows, k):\n    total = 0.5\n    for r in rows: total += r[k][0]\n    return total\n",
    "def f(n: int):\n    while n > 9: n = sum(int(d) for d in str(n))\n    return n\n",
)

_dumps = json.JSONEncoder(ensure_ascii=True).encode


def main(request: Mapping[str, Any], emit: Callable[[str], None]) -> None:
    """Search inputs for `code` and `entry_point`, from `seed`, within `steps`; emit one frame.

    `seeds` are calls that somebody else wrote: they are tried first, mutated and repaired.
    """
    with _silent():
        frame = _searched(request)
    emit(_dumps(frame))


def warm_up() -> None:
    """Search small functions of many kinds once, so that children begin with warm code."""
    for source in _WARM_UP:
        request = {"code": source, "entry_point": "f", "seed": 1, "inputs": 10, "steps": 8000}
        main(request, _ignore)


def _ignore(_frame: str) -> None:
    """Take a frame of the warm-up."""


def _searched(request: Mapping[str, Any]) -> dict[str, object]:
    _seed_guest(request["seed"])
    try:
        found = search(
            request["code"],
            request["entry_point"],
            request["seed"],
            request["inputs"],
            request["steps"],
            seeds=request.get("seeds", ()),
        )
    except LoadError as error:
        return {"load_error": str(error)[:_DETAIL_CHARS]}
    return {
        "inputs": found.inputs,
        "iterations": found.iterations,
        "steps": found.steps,
        "edges": found.edges,
        "edges_covered": found.covered,
        "working": found.working,
        "outputs": found.outputs,
        "implausible": found.implausible,
    }


def _seed_guest(seed: int) -> None:
    """Give the guest's own `random` a seed, so that a search takes the same way again."""
    import random  # noqa: PLC0415  # read late: the guest uses the same module

    random.seed(seed)  # noqa: TID251  # the guest's generator, not ours


class _Void(io.TextIOBase):
    """Takes what the guest prints, and keeps none of it."""

    def write(self, text: str) -> int:
        """Return as if it were written."""
        return len(text)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    kept = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), _Void(), _Void()
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept
