"""How fast the collector is against ast.parse alone: MB/s on one core, on the files it parses.

    python benchmarks/collector.py [FOLDER]        default: the running Python's standard library

CPU time, in this process, both sides in the same run and with the same settings of the garbage
collector as a worker has; rounds are interleaved and the best of each side counts.
"""

import argparse
import ast
import gc
import sysconfig
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from c2c_stream.collect.paths import may_define
from c2c_stream.collect.rules import Collected, Limits, collect
from c2c_stream.collect.stage import unwanted

GOAL = 0.4
MB = 1e6
Sources = Sequence[tuple[str, bytes]]


def read(folder: Path) -> list[tuple[str, bytes]]:
    """Return the path and the bytes of every Python file below `folder`."""
    files = (
        path
        for path in sorted(folder.rglob("*.py"))
        if path.is_file() and "site-packages" not in path.parts
    )
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in files]


def parses(source: tuple[str, bytes]) -> bool:
    """Return whether the collector parses a file, and with success."""
    path, content = source
    if unwanted(path, content) or not may_define(content):
        return False
    try:
        ast.parse(content)
    except (SyntaxError, ValueError):
        return False
    return True


def parse_all(sources: Sources) -> None:
    """Do what any reader of Python must do."""
    for _, content in sources:
        ast.parse(content)


def collect_all(sources: Sources) -> list[int]:
    """Do all that the collector does; return found and passed."""
    found = passed = 0
    for path, content in sources:
        if unwanted(path, content) is None and may_define(content):
            judgements = collect(content, path, Limits())
            found += len(judgements)
            passed += sum(isinstance(each, Collected) for each in judgements)
    return [found, passed]


def cpu_s(work: Callable[[Sources], object], sources: Sources) -> float:
    """Return the CPU seconds that `work` takes."""
    gc.collect()
    start = time.process_time()
    work(sources)
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", default=sysconfig.get_path("stdlib"), type=Path)
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    everything = read(options.folder)
    parsed = [source for source in everything if parses(source)]
    gc.freeze()
    gc.disable()
    rounds = [
        (cpu_s(parse_all, parsed), cpu_s(collect_all, parsed), cpu_s(collect_all, everything))
        for _ in range(options.rounds)
    ]
    parse_s, collect_s, all_s = (min(times) for times in zip(*rounds, strict=True))
    size = sum(len(content) for _, content in parsed) / MB
    total = sum(len(content) for _, content in everything) / MB
    found, passed = collect_all(parsed)
    print(f"{len(everything)} files, {total:.1f} MB; parsed {len(parsed)} files, {size:.1f} MB")
    print(f"{found} functions and methods found, {passed} passed")
    print(f"ast.parse alone    {size / parse_s:6.2f} MB/s")
    print(f"collector          {size / collect_s:6.2f} MB/s  {found / collect_s:,.0f} functions/s")
    print(f"collector, all input {total / all_s:4.1f} MB/s")
    print(f"ratio {parse_s / collect_s:.2f} (goal >= {GOAL})")


if __name__ == "__main__":
    main()
