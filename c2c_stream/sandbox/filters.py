"""The two system call filters, compiled by libseccomp on the host and loaded in the jail.

The first is loaded once in the zygote: a list of what is allowed, all else fails with EPERM.
The second is loaded in each child and takes away what only a zygote needs.
"""

import errno
import functools
import os
from typing import Any, Final

from c2c_stream.sandbox import linux
from c2c_stream.sandbox.unavailable import SandboxUnavailable

# What a Python program needs to compute and to read its standard library.
_COMPUTING: Final = [
    "access",
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "dup",
    "epoll_create1",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fstat",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "getsid",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "lstat",
    "madvise",
    "membarrier",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "open",
    "openat",
    "poll",
    "ppoll",
    "pread64",
    "pselect6",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigtimedwait",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "set_robust_list",
    "set_tid_address",
    "sigaltstack",
    "stat",
    "statx",
    "time",
    "times",
    "umask",
    "uname",
    "write",
    "writev",
]
# What only the zygote needs: to fork children into a namespace each, and to end them.
_FORKING: Final = [
    "capset",
    "clone",
    "fork",
    "prctl",
    "seccomp",
    "setresgid",
    "setresuid",
    "vfork",
    "wait4",
    "kill",
    "tgkill",
]
_DUPLICATE_CLOSING: Final = 1030  # F_DUPFD_CLOEXEC
# Locks are left out: files are shared between jails, so a lock would be a way to talk.
_DESCRIPTOR_COMMANDS: Final = (0, 1, 2, 3, _DUPLICATE_CLOSING)  # F_DUPFD, GETFD, SETFD, GETFL
# What a clone may not make: all but a namespace of pids.
_NAMESPACES: Final = (
    linux.CLONE_NEWNS
    | linux.CLONE_NEWCGROUP
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUSER
    | linux.CLONE_NEWNET
)


@functools.cache
def base_filter() -> bytes:
    """Return the program of the filter that the zygote loads."""
    seccomp = _seccomp()
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    for name in _COMPUTING:
        _rule(seccomp, rules, seccomp.ALLOW, name)
    for name in set(_FORKING) - {"clone"}:
        _rule(seccomp, rules, seccomp.ALLOW, name)
    for command in _DESCRIPTOR_COMMANDS:
        _rule(seccomp, rules, seccomp.ALLOW, "fcntl", (1, command))
    _rule(seccomp, rules, seccomp.ALLOW, "prlimit64", (0, 0))
    no_namespace = seccomp.Arg(0, seccomp.MASKED_EQ, _NAMESPACES, 0)  # but one of pids
    rules.add_rule(seccomp.ALLOW, "clone", no_namespace)
    return _program(seccomp, rules)


@functools.cache
def child_filter() -> bytes:
    """Return the program of the filter that each child loads on top."""
    seccomp = _seccomp()
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    for name in _FORKING:
        _rule(seccomp, rules, seccomp.ERRNO(errno.EPERM), name)
    return _program(seccomp, rules)


def _rule(seccomp: Any, rules: Any, action: int, name: str, *equal: tuple[int, int]) -> None:
    """Add a rule; a name that this architecture lacks needs none."""
    arguments = [seccomp.Arg(at, seccomp.EQ, value) for at, value in equal]
    rules.add_rule(action, name, *arguments)


def _program(seccomp: Any, rules: Any) -> bytes:
    _optimise(seccomp, rules)
    fd = os.memfd_create("filter")
    try:
        with open(fd, "r+b", closefd=False, buffering=0) as file:
            rules.export_bpf(file)
            file.seek(0)
            return file.read()
    finally:
        os.close(fd)


def _optimise(seccomp: Any, rules: Any) -> None:
    try:
        rules.set_attr(seccomp.Attr.CTL_OPTIMIZE, 2)  # a binary tree, not a list
    except OSError:
        return  # libseccomp before 2.5: the list does the same, slower


def _seccomp() -> Any:
    if not linux.supported():
        raise SandboxUnavailable(
            f"sandbox: architecture {linux.machine()!r} is not supported; x86_64 and aarch64 are"
        )
    try:
        import pyseccomp  # noqa: PLC0415  # raises where libseccomp is missing
    except (ImportError, RuntimeError, OSError) as error:
        raise SandboxUnavailable(
            f"sandbox: wall 'seccomp' cannot be built: {error}; "
            "install libseccomp (Debian: apt install libseccomp2)"
        ) from error
    return pyseccomp
