"""Read one commit of a git repository, or what it changed: trees streamed, blobs by one `cat-file`.

No work tree, no checkout: paths are data, bytes are those of the blobs.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from c2c_stream.errors import SourceError
from c2c_stream.ingest.gitrun import GitFailed, Pipe, Running, output
from c2c_stream.ingest.items import (
    Census,
    Found,
    Home,
    is_python,
    item_of,
    path_fault,
    path_text,
    rejected,
    too_big,
)
from c2c_stream.ingest.locate import is_remote, shown
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem

# Above this a blob is not read to its end to be thrown away: `cat-file` is started again.
SKIP_BYTES = 4 * 1024 * 1024
# A name comes from the repository's own configuration.
MAX_NAME_CHARS = 500
_ODD_MODES = {"120000": "a symlink", "160000": "a submodule"}
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REGULAR = "100"
_GONE = "000000"


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A repository on this machine; `name` is what rows call it."""

    git_dir: Path
    name: str
    timeout_s: float

    def commit(self, revision: str) -> str:
        """Return the id of the commit that `revision` names. Raises SourceError."""
        wanted = f"{revision or 'HEAD'}^{{commit}}"
        try:
            found = self._output("rev-parse", "--verify", "--quiet", "--end-of-options", wanted)
        except GitFailed as error:
            raise SourceError(self._no_commit(revision)) from error
        return found

    def has(self, commit: str) -> bool:
        """Say whether a commit is here, with its tree."""
        if not _ID.fullmatch(commit):
            return False
        try:
            return bool(self._output("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}"))
        except GitFailed:
            return False

    def remote_name(self) -> str:
        """Return the name that the remote `origin` gives the repository; else its folder's."""
        try:
            url = self._output("config", "--no-includes", "--local", "--get", "remote.origin.url")
        except GitFailed:
            return self.name
        name = "".join(c for c in shown(url) if c.isprintable())[:MAX_NAME_CHARS]
        return name if name and is_remote(url) else self.name

    def _no_commit(self, revision: str) -> str:
        try:
            self._output("rev-parse", "--git-dir")
        except GitFailed as error:
            return f"{self.name}: not a git repository that can be read: {error}"
        if revision:
            return f"{self.name}: the revision {revision!r} does not exist in it"
        return f"{self.name}: this git repository has no commit yet: commit, then run again"

    def _output(self, *arguments: str) -> str:
        return output(self.git_dir, *arguments, timeout_s=self.timeout_s)


def git_dir_of(path: Path) -> Path:
    """Return the git directory of a repository: itself if bare, else its `.git`."""
    inner = path / ".git"
    return inner if inner.exists() else path


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree."""

    mode: str
    oid: str
    path: bytes


def read_commit(
    repository: GitRepository, base: str, home: Home, census: Census, start: int
) -> Iterator[Found]:
    """Yield the Python files of the commit `home` names, from the `start`-th entry on.

    With `base`, a commit that is here, too, only those that it does not hold as they are.
    """
    commit = home.commit
    entries = changed(repository, base, commit) if base else tree(repository, commit)
    try:
        with closing(Blobs(repository)) as blobs:
            for index, entry in enumerate(entries, 1):
                path = path_text(entry.path)
                if not is_python(path):
                    census.saw(path)
                elif index > start:
                    yield Found(_item(entry, path, blobs, home), index)
    except GitFailed as error:
        raise SourceError(f"{repository.name}: the repository is broken: {error}") from error


def tree(repository: GitRepository, commit: str) -> Iterator[TreeEntry]:
    """Yield the entries of a commit's whole tree, in git's order."""
    arguments = ("ls-tree", "-r", "-z", "--full-tree", commit)
    with Running(repository.git_dir, *arguments, timeout_s=repository.timeout_s) as git:
        while line := git.pipe.until(b"\0"):
            about, _, path = line.partition(b"\t")
            mode, _, oid = about.decode("ascii", "replace").split(" ")
            yield TreeEntry(mode, oid, path)


def changed(repository: GitRepository, base: str, commit: str) -> Iterator[TreeEntry]:
    """Yield what a commit's tree holds and `base`'s does not, in git's order.

    The same blob at the same path is not among it, executable or not; a renamed file is, at its
    new path. What is gone is passed over. Neither commit need be an ancestor of the other.
    """
    # What the repository says of its submodules (.gitmodules) must not hide one.
    options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
    arguments = ("diff-tree", *options, base, commit)
    with Running(repository.git_dir, *arguments, timeout_s=repository.timeout_s) as git:
        while about := git.pipe.until(b"\0"):
            path = git.pipe.until(b"\0")
            old_mode, mode, old, oid, _ = about.decode("ascii", "replace").lstrip(":").split(" ")
            both_regular = old_mode.startswith(_REGULAR) and mode.startswith(_REGULAR)
            if mode != _GONE and not (both_regular and old == oid):
                yield TreeEntry(mode, oid, path)


@dataclass(frozen=True, slots=True)
class Blob:
    """What `cat-file` said of one object; `fault` if it gave no content."""

    size: int = 0
    content: bytes = b""
    fault: str = ""


class Blobs:
    """One `cat-file --batch`, started again behind an object that is too big or broken."""

    def __init__(self, repository: GitRepository) -> None:
        self._repository = repository
        self._git: Running | None = None

    def read(self, oid: str, limit: int) -> Blob:
        """Return an object's bytes, or only its size if that is above `limit`."""
        pipe = self._asked(oid)
        match pipe.until(b"\n").decode("ascii", "replace").split(" "):
            case [_, "blob", size]:
                return self._content(pipe, int(size), limit)
            case [_, "missing"]:
                return Blob(fault="the object is missing from this clone")
            case _:
                return self._broken()

    def close(self) -> None:
        """End the process; the next read starts another."""
        if self._git is not None:
            self._git.close()
            self._git = None

    def _asked(self, oid: str) -> Pipe:
        if self._git is None:
            where = self._repository
            arguments = ("cat-file", "--batch")
            self._git = Running(where.git_dir, *arguments, timeout_s=where.timeout_s, listens=True)
        self._git.tell(f"{oid}\n".encode())
        return self._git.pipe

    def _content(self, pipe: Pipe, size: int, limit: int) -> Blob:
        if size > max(limit, SKIP_BYTES):
            self.close()
            return Blob(size)
        content = pipe.exactly(size + 1)
        if len(content) <= size:
            return self._broken()
        return Blob(size, content[:-1] if size <= limit else b"")

    def _broken(self) -> Blob:
        self.close()
        return Blob(fault="the object is broken, or missing from this clone")


def _item(entry: TreeEntry, path: str, blobs: Blobs, home: Home) -> File | RejectedItem:
    if fault := path_fault(path):
        return rejected(path, Reason.BAD_PATH, fault)
    if entry.mode in _ODD_MODES:
        return rejected(path, Reason.NOT_REGULAR_FILE, _ODD_MODES[entry.mode])
    blob = blobs.read(entry.oid, home.max_file_bytes)
    if blob.fault:
        return rejected(path, Reason.NOT_READABLE, f"{entry.oid}: {blob.fault}")
    return too_big(path, blob.size, home) or item_of(path, blob.content, home)
