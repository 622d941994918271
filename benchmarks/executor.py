"""Executor against a fresh interpreter a function, in the same run, on the same functions.

    python benchmarks/executor.py [--bundles FILE.jsonl] [--rounds N] [--jobs N] [--loops [KIND]]

The executor runs each function twice, behind its walls. The fresh interpreters (`python -c` of an
empty virtual environment, all inputs of a function inside, as many at once as cores) run it once,
without walls. The two take turns, so that a busy machine slows both. FILE holds one object a line:
code, entry_point, arguments (a list of source texts);
benchmarks/bundles.py makes one from a kept run, of the standard library with 20 inputs a function:

    c2c run STDLIB --out OUT --keep    # write.inputs is 20 unless it is set
    python benchmarks/bundles.py OUT > FILE.jsonl

With --loops, against itself instead: on the same functions, a hundredth of them replaced by some
that never end. KIND is one of them: some (a loop in Python that a fifth of the inputs enter), all
(one that all enter), c (a regex or a power that the interpreter computes for ever); or mix, all in
turn, which it is unless it is named.
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from c2c_stream.engine.stage import Place
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Cases, Function, Inputs
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PLACE = Place("inputs", 0, 0)
FUNCTIONS = 200
CALLS = 20
WORDS = ("stream", "case two code", "a,b;c", "", "Mississippi", "x1y22", "Zebra crossing", "ab" * 9)

# Ordinary functions, as repositories hold them: text, numbers, lists, dicts, a class, a recursion.
TEXT = """
def slug(text, limit=24):
    kept = [c.lower() if c.isalnum() else "-" for c in text]
    return "-".join(part for part in "".join(kept).split("-") if part)[:limit]
@
import re
WORD = re.compile(r"[A-Za-z]+")
def initials(text, limit=3):
    return "".join(word[0].upper() for word in WORD.findall(text))[:limit]
@
def run_lengths(text, limit=50):
    runs = []
    for c in text[:limit]:
        if runs and runs[-1][0] == c:
            runs[-1][1] += 1
        else:
            runs.append([c, 1])
    return [(c, n) for c, n in runs]
@
from collections import Counter
def most_common(text, limit=2):
    counts = Counter(text)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
@
VOWELS = set("aeiou")
def _is_vowel(c):
    return c.lower() in VOWELS
def split_vowels(text, limit=9):
    kinds = {True: [], False: []}
    for c in text:
        kinds[_is_vowel(c)].append(c)
    return {"vowels": kinds[True][:limit], "others": kinds[False][:limit]}
@
def parse_pairs(text, limit=4):
    pairs = {}
    for part in text.replace(";", ",").split(","):
        key, _, value = part.partition("=")
        if not key:
            raise ValueError("empty key in " + repr(text))
        pairs[key.strip()] = int(value) if value.isdigit() else value
    return dict(list(pairs.items())[:limit])
@
import string
def caesar(text, limit=3):
    low = string.ascii_lowercase
    table = str.maketrans(low, low[limit % 26:] + low[: limit % 26])
    return text.translate(table)
@
class Trie:
    def __init__(self):
        self.children = {}
    def add(self, word):
        node = self
        for c in word:
            node = node.children.setdefault(c, Trie())
    def size(self):
        return 1 + sum(child.size() for child in self.children.values())
def prefixes(text, limit=5):
    trie = Trie()
    for word in text.split()[:limit]:
        trie.add(word)
    return trie.size()
""".strip().split("\n@\n")
NUMBERS = """
def primes(n, base=2):
    sieve = [True] * (abs(n) + 1)
    found = []
    for i in range(base, len(sieve)):
        if sieve[i]:
            found.append(i)
            for j in range(i * i, len(sieve), i):
                sieve[j] = False
    return found
@
import math
def statistics_of(n, base=3):
    values = [(i * base) % 17 for i in range(n)]
    mean = sum(values) / len(values)
    return round(mean, 6), round(math.sqrt(sum((v - mean) ** 2 for v in values)), 6)
@
def to_base(n, base=7):
    if base < 2:
        raise ValueError("base must be at least 2")
    digits = []
    while n:
        n, digit = divmod(n, base)
        digits.append("0123456789abcdefghijklmnopqrstuvwxyz"[digit])
    return "".join(reversed(digits)) or "0"
@
def collatz(n, base=3):
    steps = 0
    while n > 1 and steps < 200:
        n = n // 2 if n % 2 == 0 else base * n + 1
        steps += 1
    return {"steps": steps, "end": n}
@
from functools import lru_cache
@lru_cache(maxsize=None)
def ways(n, base=3):
    if n <= 0:
        return int(n == 0)
    return sum(ways(n - step, base) for step in range(1, base + 1))
@
from itertools import accumulate
def triangle(n, base=1):
    rows = [[base]]
    for _ in range(min(n, 8)):
        rows.append([base] + [a + b for a, b in zip(rows[-1], rows[-1][1:])] + [base])
    return [list(accumulate(row)) for row in rows]
@
def grid(n, base=4):
    rows = [[(x * y) % base for x in range(n % 7)] for y in range(n % 5)]
    return [sum(row) for row in rows], list(map(list, zip(*rows)))
@
def change(n, base=5):
    coins = [base * 2, base, 1]
    result = {}
    for coin in coins:
        count, n = divmod(n, coin)
        if count:
            result[coin] = count
    return result
""".strip().split("\n@\n")
# Of those that never end each takes the arguments of TEXT, or of NUMBERS.
LOOPS = {
    "c": """
import re
def is_words(text, limit=3):
    return re.match(r"([a-z]+ ?)+$", text * 9 + "!" * limit) is not None
@
def last_digits(n, base=7):
    return base ** 10 ** min(n, 9) % 1000
""",
    "some": """
def steps_to_round(n, base=7):
    count = 0
    while n % 5:
        n += base
        count += 1
    return count
""",
    "all": """
def position(text, limit=3):
    low, high = 0, len(text)
    while low <= high:
        middle = (low + high) // 2
        if middle > limit:
            high = middle
        else:
            low = middle
    return low
""",
}
LOOPS_FUNCTIONS = 1200  # twelve loop; the last of those in C ends before the last of all
EVERY = 100
# What a fresh interpreter is given behind the bundle: as little as can be, nothing is imported.
LOOP = """
for call in [{calls}]:
    try:
        print(repr(call()))
    except Exception as error:
        print(type(error).__name__, error)
"""


def ordinary(count: int) -> Iterator[Inputs]:
    """Yield `count` records: the functions above in turn, each time with other arguments."""
    for i, code in zip(range(count), itertools.cycle(TEXT + NUMBERS), strict=False):
        yield record_of(i, code)


def record_of(i: int, code: str) -> Inputs:
    """Return record `i`: a function with arguments of its kind."""
    entry_point, _, names = code.rpartition("def ")[2].partition("(")
    if names.startswith("text"):
        texts = [f"text={WORDS[n % 8]!r}, limit={n % 5 + i % 3}" for n in range(CALLS)]
    else:
        texts = [f"n={n * 3 + i % 7}, base={n % 4 + 2}" for n in range(CALLS)]
    return Inputs(Function(str(i), entry_point=entry_point, code=code), arguments=tuple(texts))


def with_loops(records: Sequence[Inputs], kind: str) -> list[Inputs]:
    """Return the records, each hundredth replaced by one that loops."""
    kinds = [kind] if kind in LOOPS else list(LOOPS)
    codes = {name: itertools.cycle(LOOPS[name].strip().split("\n@\n")) for name in kinds}
    found = list(records)
    for i, name in zip(range(0, len(found), EVERY), itertools.cycle(kinds)):
        found[i] = record_of(i, next(codes[name]))
    return found


def from_file(path: Path) -> Iterator[Inputs]:
    """Yield the records of a JSONL file."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        function = Function(str(number), entry_point=row["entry_point"], code=row["code"])
        yield Inputs(function, arguments=tuple(row["arguments"]))


async def executed(executor: Executor, records: Sequence[Inputs]) -> tuple[float, int]:
    """Return the seconds that the executor takes, and the cases that it keeps."""
    waiting = iter(records)
    kept = 0

    async def worker() -> None:
        nonlocal kept
        for record in waiting:
            outcome = await executor.process(record, PLACE)
            kept += sum(len(o.cases) for o in outcome.outputs if isinstance(o, Cases))

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(executor.limit())))
    return time.perf_counter() - started, kept


def program_of(record: Inputs) -> str:
    """Return a program that makes all calls of a function and prints what they give."""
    name = record.function.entry_point
    calls = ", ".join(f"lambda: {name}({arguments})" for arguments in record.arguments)
    return record.function.code + LOOP.format(calls=calls)


def fresh(python: Path, records: Sequence[Inputs], jobs: int) -> float:
    """Return the seconds that one new interpreter a function takes."""

    def one(record: Inputs) -> None:
        command = [str(python), "-c", program_of(record)]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, records))
    return time.perf_counter() - started


def cpu_of(executor: Executor) -> float:
    """Return the CPU seconds of this process and of all that lives, or lived, in its jails."""
    total = time.process_time()
    for jail in executor.jails():
        for pid in (jail, *children_of(jail)):
            fields = (
                Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            )
            total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def children_of(pid: int) -> list[int]:
    """Return the processes that `pid` started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def cpu_of_ended() -> float:
    """Return the CPU seconds of the processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


async def compared(records: Sequence[Inputs], rounds: int, jobs: int, folder: Path) -> None:
    """Take turns and print the rates and their ratio."""
    venv.create(folder, with_pip=False, symlinks=True)
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
    await executor.start()
    rates, fresh_rates, ratios, cpu_ratios = [], [], [], []
    try:
        await executed(executor, records[:20])
        for _ in range(rounds):
            cpu = cpu_of(executor)
            seconds, kept = await executed(executor, records)
            cpu = cpu_of(executor) - cpu
            fresh_cpu = cpu_of_ended()
            fresh_seconds = fresh(folder / "bin" / "python", records, jobs)
            fresh_cpu = cpu_of_ended() - fresh_cpu
            rates.append(len(records) / seconds)
            fresh_rates.append(len(records) / fresh_seconds)
            ratios.append(fresh_seconds / seconds)
            cpu_ratios.append(fresh_cpu / cpu)
            print(
                f"executor {rates[-1]:6.0f} functions/s ({kept} cases), "
                f"{cpu / len(records) * 1e3:5.2f} ms CPU each; "
                f"fresh interpreters {fresh_rates[-1]:6.0f} functions/s, "
                f"{fresh_cpu / len(records) * 1e3:5.2f} ms; ratio {ratios[-1]:.2f}, "
                f"of CPU {cpu_ratios[-1]:.2f}"
            )
    finally:
        await executor.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"median of {rounds}: executor {statistics.median(rates):.0f} functions/s with both runs, "
        f"fresh {statistics.median(fresh_rates):.0f}; ratio {statistics.median(ratios):.2f}, "
        f"of CPU {statistics.median(cpu_ratios):.2f}; {jobs} jobs, peak memory {peak:.0f} MB"
    )


async def compared_with_loops(records: Sequence[Inputs], kind: str, rounds: int, jobs: int) -> None:
    """Take turns with and without functions that never end, and print the rates and their ratio."""
    looping = with_loops(records, kind)
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
    await executor.start()
    ratios, cpu_ratios = [], []
    try:
        await executed(executor, records[:20])
        for _ in range(rounds):
            cpu = cpu_of(executor)
            seconds, kept = await executed(executor, records)
            loop_cpu = cpu_of(executor)
            loop_seconds, loop_kept = await executed(executor, looping)
            cpu_ratios.append((loop_cpu - cpu) / (cpu_of(executor) - loop_cpu))
            ratios.append(seconds / loop_seconds)
            print(
                f"without loops {len(records) / seconds:6.0f} functions/s ({kept} cases); with "
                f"{len(records) / loop_seconds:6.0f} ({loop_kept} cases); ratio {ratios[-1]:.2f}, "
                f"of CPU {cpu_ratios[-1]:.2f}"
            )
    finally:
        await executor.stop()
    print(
        f"median of {rounds}: {statistics.median(ratios):.2f}, "
        f"of CPU {statistics.median(cpu_ratios):.2f}; {jobs} jobs"
    )


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bundles", type=Path, help="JSONL of code, entry_point, arguments")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--loops", nargs="?", const="mix", choices=(*LOOPS, "mix"))
    options = parser.parse_args()
    count = FUNCTIONS if options.loops is None else LOOPS_FUNCTIONS
    records = list(from_file(options.bundles) if options.bundles else ordinary(count))
    mix = options.bundles or "the functions of this file, in turn"
    print(
        f"{mix}: {len(records)} functions, {sum(len(r.arguments) for r in records)} calls",
        sys.version,
    )
    if options.loops is not None:
        asyncio.run(compared_with_loops(records, options.loops, options.rounds, options.jobs))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compared(records, options.rounds, options.jobs, Path(folder)))


if __name__ == "__main__":
    main()
