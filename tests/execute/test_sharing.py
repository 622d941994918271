import pytest

from c2c_stream.execute.compare import Run
from c2c_stream.execute.frames import Call
from c2c_stream.execute.sharing import BATCH, fits_into_a_batch, keeps_to_itself
from c2c_stream.sandbox import Ended, Reply, Verdict
from c2c_stream.sandbox.protocol import FRAMES_BYTES, REQUEST_BYTES

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "code",
    [
        "def f(n):\n    return n\n",
        "import re\nfrom collections import Counter, deque\nWORD = re.compile('x')\n",
        "import os.path, math as m\nimport urllib.parse\n",
        "    from itertools import (\n    chain,\n)\n",
        "class Box:\n    def __init__(self): self.__private = 1\n".replace("__private", "_private"),
        "def f(name='Zo\u00eb'): return f.__name__\n",
    ],
)
def test_ordinary_bundles_keep_to_themselves(code: str) -> None:
    assert keeps_to_itself(code)


@pytest.mark.parametrize(
    "code",
    [
        "import sys",
        "import threading",
        "import math, socket",
        "from importlib import reload",
        "x = 1; import math",
        "__import__('math')",
        "from collections import _sys",
        "().__class__",
        "f.__globals__",
        "(i for i in ()).gi_frame",
        "getattr(f, name)",
        "eval('1')",
        "\uff45val('1')",
        "compile('1', '', 'eval')",
        "class A:\n    def __del__(self): pass",
        "import re\nre.compile('x'), compile",
    ],
)
def test_what_reaches_for_more_runs_alone(code: str) -> None:
    assert not keeps_to_itself(code)


def fits(text: str = "1", asked_chars: int = 100, ended: Ended = Ended.DONE, **used: float) -> bool:
    reply = Reply((), ended, **used)  # type: ignore[arg-type]  # one of the fields
    run = Run({0: Call(0, Verdict.VALUE, text, 1)}, Verdict.EXITED)
    return fits_into_a_batch(reply, run, asked_chars, cpu_ms=1600, memory_bytes=160 * MIB)


def test_a_function_that_took_little_fits() -> None:
    assert fits(cpu_ms=1600 / BATCH, wall_ms=6400 / BATCH, max_rss_bytes=160 * MIB // BATCH)


@pytest.mark.parametrize(
    "used",
    [
        {"cpu_ms": 1601 / BATCH},
        {"wall_ms": 6401 / BATCH},
        {"max_rss_bytes": 160 * MIB // BATCH + 1},
        {"ended": Ended.CRASH},
        {"asked_chars": REQUEST_BYTES // BATCH},
        {"text": "x" * (FRAMES_BYTES // BATCH)},
    ],
)
def test_a_function_that_took_more_than_its_share_does_not(used: dict[str, float]) -> None:
    assert not fits(**used)  # type: ignore[arg-type]  # any of the parameters
