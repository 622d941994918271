import errno
from pathlib import Path

import pyseccomp
import pytest

from c2c_stream.sandbox import filters

INSTRUCTION_BYTES = 8


@pytest.mark.parametrize(
    "arch", [pyseccomp.Arch.X86_64, pyseccomp.Arch.AARCH64], ids=["x86", "arm"]
)
def test_both_lists_compile_for_both_architectures(arch: int) -> None:
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    if arch != pyseccomp.system_arch():
        rules.add_arch(arch)
        rules.remove_arch(pyseccomp.Arch.NATIVE)
    for name in (*filters._COMPUTING, *filters._FORKING):
        filters._rule(pyseccomp, rules, pyseccomp.ALLOW, name)

    assert len(filters._program(pyseccomp, rules)) > 50 * INSTRUCTION_BYTES


def test_the_childs_filter_is_short_for_it_is_loaded_each_time() -> None:
    assert len(filters.child_filter()) < len(filters.base_filter()) / 3


def test_nothing_that_reaches_out_is_allowed() -> None:
    allowed = {*filters._COMPUTING, *filters._FORKING}

    for name in ("socket", "execve", "mount", "ptrace", "bpf", "io_uring_setup", "keyctl", "ioctl"):
        assert name not in allowed


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_filter_leaves_no_descriptor_behind() -> None:
    before = descriptors()
    filters.child_filter.__wrapped__()

    assert descriptors() == before
