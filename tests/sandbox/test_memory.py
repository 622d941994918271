"""What a process holds, and what its children may do with it, once its memory is laid out."""

import subprocess
import sys

from c2c_stream.sandbox import _zygote

# Imports no more than what is compiled, as a jail does.
_LAY_OUT = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("_zygote", sys.argv[1])
_zygote = importlib.util.module_from_spec(spec)
spec.loader.exec_module(_zygote)

def state():
    return [sorted(map(str, vars(os))), {n: (n, str(n), [n]) for n in range(50_000)}, "ab" * 10**6]

before = state()
maps = os.open("/proc/self/maps", os.O_RDONLY)
file = os.memfd_create("memory")
_zygote.lay_out_memory(maps, file)
os.close(maps)
os.close(file)
kinds = [(line.split()[1], line.split()[-1]) for line in open("/proc/self/maps")]
"""


def ran(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-S", "-c", _LAY_OUT + program, _zygote.__file__],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_what_was_there_is_there() -> None:
    assert ran("print(before == state(), sum(range(10**6)), len(os.urandom(10**6)))") == (
        "True 499999500000 1000000"
    )


def test_nothing_that_was_written_is_left_for_a_fork_to_copy() -> None:
    left = ran("print([k for k in kinds if k[0] == 'rw-p' and k[1] not in '[stack] (deleted)'])")

    assert left == "[]"


def test_what_a_child_changes_neither_its_parent_nor_the_next_child_sees() -> None:
    program = """
def child():
    pid = os.fork()
    if pid == 0:
        same = state() == before
        before[1].clear()
        before[2] = list(range(10**5))
        os._exit(0 if same and not before[1] else 1)
    return os.waitpid(pid, 0)[1]
print(child(), child(), before == state())
"""

    assert ran(program) == "0 0 True"


def test_the_largest_library_is_still_whole() -> None:
    program = """
import ast, decimal, hashlib, json, re
print(hashlib.sha256(ast.dump(ast.parse(open(ast.__file__).read())).encode()).hexdigest())
"""
    plain = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True
    )

    assert ran(program) == plain.stdout.strip()
