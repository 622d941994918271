"""The process that reads hostile files: one at a time, within limits, and it may die.

Started by parser.py as `python -P -m c2c_stream.collect.worker`; it ends when its standard input
does, which happens when its parent dies.
"""

import gc
import json
import math
import resource
import sys

from c2c_stream.collect.rules import collect
from c2c_stream.collect.wire import (
    MAX_REQUEST_BYTES,
    READY,
    encode_answer,
    frame,
    limits_from_json,
    read_frame,
)


def _limit_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow_cpu(seconds: int) -> None:
    """Let the next file take `seconds` more; the kernel ends the process that takes longer."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(usage.ru_utime + usage.ru_stime) + seconds
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _read_exactly(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) < size:
        # The parent is gone or wants no more.
        sys.exit(0)
    return data


def main(memory_bytes: int, cpu_s: int, limits_json: str) -> None:
    """Answer requests until there are no more."""
    limits = limits_from_json(limits_json)
    _limit_memory(memory_bytes)
    # Trees hold no cycles, and looking for some in them takes a quarter of the time.
    gc.freeze()
    gc.disable()
    sys.stdout.buffer.write(frame(READY))
    sys.stdout.buffer.flush()
    while True:
        path = json.loads(read_frame(_read_exactly, MAX_REQUEST_BYTES))
        content = read_frame(_read_exactly, MAX_REQUEST_BYTES)
        _allow_cpu(cpu_s)
        sys.stdout.buffer.write(encode_answer(collect(content, path, limits)))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
