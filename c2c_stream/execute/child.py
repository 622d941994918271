"""What runs inside the child: one bundle, or several one by one, or what compiles them.

Standard library only.
"""

import builtins
import gc
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from c2c_stream.execute import elsewhere
from c2c_stream.execute.prepare import PREPARED, prepare_all
from c2c_stream.execute.run import MODULE, run

try:
    from c2c_stream.execute._recorder import unchanged
except ImportError:

    def unchanged(now: Mapping[str, object], before: Mapping[str, object], /) -> bool:
        """Tell whether each name of `before` stands for the same object."""
        return all(name in now and now[name] is value for name, value in before.items())


NEXT: Final = "N"  # the frame behind the last one of a function that shares its child
Names = tuple[dict[str, Any], dict[str, types.ModuleType]]

# A little of what bundles are made of.
_WARM_CODE: Final = """
import re
WORD = re.compile("[a-z]+")
class Box:
    def __init__(self, value):
        self.value = value
def _double(n):
    return n * 2
def f(n, words):
    if n < 0:
        raise ValueError(f"negative: {n}")
    found = {}
    for i, word in enumerate(words):
        found[i] = [Box(word).value, _double(n)] if word and n > 1 else (i, {n})
    while n > 0:
        n -= 1
    return found, [str(w).upper() for w in words], n == 0 and "done"
"""
_WARM_ROUNDS: Final = 30  # the interpreter specialises code that it has run some ten times

# The names that all children of one zygote begin with: to take them in each would copy much.
_AT_FIRST: Final[list[Names]] = []


def main(request: Mapping[str, Any], emit: Callable[[str], None]) -> None:
    """Run the request: code (or the same prepared), entry_point, calls, order, seed and limits.

    Or several such, `mates`, each as if it were alone. Raises RuntimeError where one of them
    changed what the others see. Or compile `sources`, and run nothing.
    """
    if "entry_point" in request:
        _move([request])
        run(request, emit)
        return
    prepare_all(request["sources"], emit)
    _move(request["mates"])
    before = _shared_state()
    names = _AT_FIRST[0] if _AT_FIRST else _shared_names()
    for mate in request["mates"]:
        run(mate, emit)
        del sys.modules[MODULE]
        if _shared_state() != before or not _are_kept(*names):
            raise RuntimeError("a function changed what it shares with others")
        emit(NEXT)


def _move(requests: Iterable[Mapping[str, Any]]) -> None:
    """Be elsewhere if one of these asks for it: none of the others can tell."""
    if any(request["elsewhere"] for request in requests):
        elsewhere.move()


def _shared_state() -> tuple[object, ...]:
    """Return what a function can change that the next one in the same interpreter would see."""
    return (
        (sys.getrecursionlimit(), sys.get_int_max_str_digits(), sys.gettrace(), sys.getprofile()),
        (sys.path[:], sys.path_hooks[:], sys.meta_path[:]),
        (gc.get_threshold(), gc.callbacks[:], warnings.filters[:]),
    )


def _shared_names() -> Names:
    """Return the builtins and the modules that all see."""
    return vars(builtins).copy(), sys.modules.copy()


def _are_kept(names: Mapping[str, object], modules: Mapping[str, types.ModuleType]) -> bool:
    """Tell whether builtins are just these, and these modules still there."""
    now = vars(builtins)
    return len(now) == len(names) and unchanged(now, names) and unchanged(sys.modules, modules)


def warm_up() -> None:
    """Do often, before there is a child, what every child does: it finds its code specialised."""
    frames: list[str] = []
    request: dict[str, Any] = {
        "code": _WARM_CODE,
        "entry_point": "f",
        "calls": ["3, ['a', {1: 2.5}]", "n=2, words=('b', None)", "0, {'x'}"],
        "order": [0, 1, 2, 2],
        "prepared": b"",
        "steps": 1000,
        "function_steps": 10_000,
        "endless_calls": 0,
        "call_cpu_ns": 10**9,
        "max_result_bytes": 1000,
        "max_bytes": 10_000,
        "seed": None,
        "elsewhere": False,
        "prints": False,
    }
    for _ in range(_WARM_ROUNDS):
        frames.clear()
        main(request, frames.append)
        main({"sources": [_WARM_CODE], "mates": []}, _ignore)
        main({**request, "prepared": bytes.fromhex(frames[0].removeprefix(PREPARED))}, _ignore)
    sys.modules.pop(MODULE, None)
    _AT_FIRST[:] = [_shared_names()]


def _ignore(_frame: str) -> None:
    """Take a frame of the warm-up."""
