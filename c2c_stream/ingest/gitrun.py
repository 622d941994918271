"""Start git so that a repository's content and configuration stay data.

No system or global configuration, no hooks, no prompts, no lazy fetching: a hostile configuration
can otherwise make `cat-file` run a program on a missing object.
"""

import os
import select
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from c2c_stream.errors import Retry, Unavailable

# What ssh, curl and a proxy need; nothing that configures git.
KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
)
HARDENED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    # A replacement would show other bytes under the same commit.
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "LC_ALL": "C",
}
OPTIONS = (
    "--no-pager",
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.fsmonitor=false"),
    # Larger blobs are streamed by git instead of held in its memory.
    *("-c", "core.bigFileThreshold=1m"),
)
ERROR_BYTES = 2000
READ_BYTES = 64 * 1024
LONGEST_LINE_BYTES = 1024 * 1024


class GitFailed(Exception):
    """A git command ended with an error; the text is what it said, made printable."""


class Pipe:
    """A pipe read with a timeout at each wait, not at each call. Raises Retry when one passes."""

    def __init__(self, stream: IO[bytes], timeout_s: float, what: str) -> None:
        self._fd = stream.fileno()
        self._timeout_s = timeout_s
        self._what = what
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def until(self, end: bytes) -> bytes:
        """Return the bytes before `end`, or empty bytes if the pipe ended first."""
        searched = 0
        while (at := self._buffer.find(end, searched)) < 0:
            searched = len(self._buffer)
            if searched > LONGEST_LINE_BYTES:
                raise GitFailed(f"{self._what} printed a line of more than {searched} bytes")
            if not self._fill():
                return b""
        return self._take(at + len(end))[:at]

    def exactly(self, size: int) -> bytes:
        """Return `size` bytes, fewer if the pipe ended first."""
        while len(self._buffer) < size and self._fill():
            pass
        return self._take(size)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self) -> bool:
        if not self._poll.poll(self._timeout_s * 1000):
            raise Retry(f"{self._what}: git said nothing for {self._timeout_s:g} seconds")
        data = os.read(self._fd, READ_BYTES)
        self._buffer += data
        return bool(data)


def git_environment(protocols: str = "") -> dict[str, str]:
    """Return the environment of every git command; `protocols` are those it may fetch by."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | HARDENED | {"GIT_ALLOW_PROTOCOL": protocols}


class Running:
    """One git command on `git_dir`; `pipe` is its output. Leaving the block ends it.

    Raises GitFailed if the block ended well but git did not.
    """

    def __init__(
        self, git_dir: Path, *arguments: str, timeout_s: float, listens: bool = False
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        self._process = _popen(git_dir, arguments, self._errors, listens=listens)
        self.pipe = Pipe(_there(self._process.stdout), timeout_s, f"git {arguments[0]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        code, why = self.close(kill=error is not None)
        if error is None and code > 0:
            raise GitFailed(why)

    def tell(self, text: bytes) -> None:
        """Write to git. If it has ended, its output says so."""
        stdin = _there(self._process.stdin)
        with suppress(BrokenPipeError):
            stdin.write(text)
            stdin.flush()

    def close(self, *, kill: bool = True) -> tuple[int, str]:
        """End it; return its exit status and what it said. Called once."""
        if kill:
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        with self._errors as errors:
            return self._process.wait(), said(errors)


def output(git_dir: Path, *arguments: str, timeout_s: float) -> str:
    """Return what a short git command prints. Raises GitFailed, Retry."""
    with Running(git_dir, *arguments, timeout_s=timeout_s) as git:
        return git.pipe.exactly(LONGEST_LINE_BYTES).decode("utf-8", "replace").strip()


def said(errors: IO[bytes]) -> str:
    """Return the end of what git wrote on stderr, on one printable line."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - ERROR_BYTES))
    text = errors.read().decode("utf-8", "replace")
    line = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    return "".join(c for c in line if c.isprintable()) or "git gave no reason"


def _popen(
    git_dir: Path, arguments: tuple[str, ...], errors: IO[bytes], *, listens: bool
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *OPTIONS, f"--git-dir={git_dir}", *arguments],
            stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=git_environment(),
        )
    except FileNotFoundError as error:
        errors.close()
        raise Unavailable("git is not on PATH: install git, it is needed here") from error


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise GitFailed("it was started without this pipe")
    return stream
