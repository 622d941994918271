"""Ask a repository where its branches are. What it answers is data: names may be anything."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from c2c_stream.errors import SourceError
from c2c_stream.ingest.feed import HEAD, Followed
from c2c_stream.ingest.fetch import git
from c2c_stream.ingest.gitrepo import GitRepository, git_dir_of
from c2c_stream.ingest.gitrun import GitFailed, Running
from c2c_stream.ingest.locate import locate, shown
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings

MAX_BRANCHES: Final = 1000
MAX_NAME_CHARS: Final = 250
_BRANCHES: Final = b"refs/heads/"
_ID: Final = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")


def heads_of(followed: Followed, settings: IngestSettings) -> dict[str, str]:
    """Return the commits of the followed branches that there are, by name and in its order.

    Raises SourceError, Retry, Unavailable.
    """
    record = Repository(url=followed.url)
    path = locate(record).path
    if path is None:
        return _of_answer(followed, _remote(followed, settings))
    here = GitRepository(git_dir_of(path), shown(followed.url), settings.git_timeout_s)
    try:
        return _of_answer(followed, _local(followed, here))
    except GitFailed as error:
        raise SourceError(f"{here.name}: not a git repository that can be read: {error}") from error


def _of_answer(followed: Followed, lines: Iterable[bytes]) -> dict[str, str]:
    """Return the followed branches among lines of a commit's id and a reference."""
    found: dict[str, str] = {}
    for line in lines:
        commit, _, reference = line.strip().partition(b"\t")
        name = _name(reference)
        if not _ID.fullmatch(commit) or not name or not followed.wants(name):
            continue
        found[name] = commit.decode()
        if len(found) > MAX_BRANCHES:
            raise SourceError(
                f"{shown(followed.url)}: more than {MAX_BRANCHES} branches match"
                f" {', '.join(followed.branches)}; name fewer"
            )
    return dict(sorted(found.items()))


def _name(reference: bytes) -> str:
    """Return the branch's name; empty for what is none, or has none that can be told."""
    if reference == HEAD.encode():
        return HEAD
    if not reference.startswith(_BRANCHES):
        return ""
    with suppress(UnicodeDecodeError):
        name = reference.removeprefix(_BRANCHES).decode()
        return name if name.isprintable() and name != HEAD and len(name) <= MAX_NAME_CHARS else ""
    return ""


def _remote(followed: Followed, settings: IngestSettings) -> Iterator[bytes]:
    # The server leaves out all but branches, unless HEAD is asked for.
    which = ("--heads",) if followed.branches else ()
    asked = () if followed.branches else (HEAD,)
    arguments = ("ls-remote", "--quiet", *which, "--end-of-options", followed.url, *asked)
    with tempfile.TemporaryFile() as answer:
        git(Repository(url=followed.url), settings.git_timeout_s, *arguments, output=answer)
        answer.seek(0)
        yield from answer


def _local(followed: Followed, here: GitRepository) -> Iterator[bytes]:
    arguments = ("for-each-ref", "--format=%(objectname)%09%(refname)", "refs/heads/")
    with Running(here.git_dir, *arguments, timeout_s=here.timeout_s) as git_:
        while line := git_.pipe.until(b"\n"):
            yield line
    if not followed.branches:
        with suppress(SourceError):  # no commit yet
            yield here.commit(HEAD).encode() + b"\tHEAD"
