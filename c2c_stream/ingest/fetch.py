"""Bring one commit of a remote repository here, bare and without its history.

A clone lives in the cache until its source is read, so that a crash does not fetch again; that of
a branch that is followed stays (kept.py).
"""

import atexit
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import urlsplit

from c2c_stream.errors import Retry, SourceError, Unavailable
from c2c_stream.ingest.gitrepo import GitRepository
from c2c_stream.ingest.gitrun import OPTIONS, git_environment, said
from c2c_stream.ingest.locate import shown
from c2c_stream.records import Repository, content_hash
from c2c_stream.settings import IngestSettings

# The only reference of a clone.
FETCHED = "refs/c2c/fetched"
# What git and ssh say when the network or the server is away: waiting helps.
AWAY = (
    "could not resolve",
    "unable to look up",
    "name resolution",
    "name or service not known",
    "connection refused",
    "unable to connect",
    "couldn't connect",
    "failed to connect",
    "connection timed out",
    "network is unreachable",
    "no route to host",
    "returned error: 429",
    "returned error: 5",
)
# Cut off on the way: another attempt may get through.
CUT_OFF = ("early eof", "rpc failed", "connection reset", "unexpected disconnect")

# Some 600,000 references; a server that says more is cut off there.
MAX_OUTPUT_BYTES = 64 * 1024 * 1024

_STARTING = threading.Lock()
_RUNNING: set[subprocess.Popen[bytes]] = set()


def fetched(
    record: Repository, commit: str, cache: Path, settings: IngestSettings
) -> GitRepository:
    """Return a clone that holds `commit`, or what `record.revision` names now if that is empty.

    Raises SourceError, Retry, Unavailable.
    """
    check_revision(record)
    place = cache / content_hash(record.url, record.revision)
    repository = GitRepository(place, shown(record.url), settings.git_timeout_s)
    if not (commit and place.exists() and repository.has(commit)):
        forget(repository)
        _clone(record, commit, place, settings.fetch_timeout_s)
    return repository


def check_revision(record: Repository) -> None:
    """Raise SourceError if the revision would be more to git than the name of a commit."""
    if ":" in record.revision or record.revision.startswith(("+", "^")):
        raise SourceError(
            f"{shown(record.url)}: {record.revision!r} is no revision that can be fetched"
        )


def ask(record: Repository, timeout_s: float) -> None:
    """Ask a remote repository for its references. Raises SourceError, Retry, Unavailable."""
    git(record, timeout_s, "ls-remote", "--quiet", "--end-of-options", record.url, "HEAD")


def forget(repository: GitRepository) -> None:
    """Remove a clone, and what attempts that died left of it."""
    place = repository.git_dir
    for left in (place, *place.parent.glob(f"{place.name}-*.tmp")):
        shutil.rmtree(left, ignore_errors=True)


def _clone(record: Repository, commit: str, place: Path, timeout_s: float) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix=f"{place.name}-", suffix=".tmp"))
    try:
        begin(record, fresh, timeout_s)
        fetch(record, commit or record.revision or "HEAD", FETCHED, fresh, timeout_s)
        fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def begin(record: Repository, folder: Path, timeout_s: float) -> None:
    """Make an empty bare repository in `folder`."""
    git(record, timeout_s, "init", "--quiet", "--bare", "--template=", str(folder))


def fetch(record: Repository, wanted: str, ref: str, folder: Path, timeout_s: float) -> None:
    """Bring one commit, without its history, into the repository in `folder`, under `ref`.

    Only what the repository does not hold yet travels. Raises SourceError, Retry, Unavailable.
    """
    git(
        record,
        timeout_s,
        # A pack a fetch: what came can be counted, and nothing tidies up in the background.
        *("-c", "fetch.unpackLimit=1"),
        f"--git-dir={folder}",
        *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"),
        *("--no-auto-maintenance", "--end-of-options", record.url, f"+{wanted}:{ref}"),
    )


def git(
    record: Repository, timeout_s: float, *arguments: str, output: IO[bytes] | None = None
) -> None:
    """Run git on a remote repository; `output` takes what it prints.

    Raises SourceError, Retry, Unavailable.
    """
    with tempfile.TemporaryFile() as errors:
        code = _run(record, timeout_s, arguments, errors, output)
        if code:
            _raise_for(record, said(errors))


def _run(
    record: Repository,
    timeout_s: float,
    arguments: tuple[str, ...],
    errors: IO[bytes],
    output: IO[bytes] | None,
) -> int:
    process = _started(arguments, _protocol(record.url), errors, output)
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        raise Retry(
            f"{shown(record.url)}: git took more than {timeout_s:g} seconds "
            f"(ingest.fetch_timeout_s)"
        ) from error
    finally:
        _end_group(process)
        _RUNNING.discard(process)


def _started(
    arguments: tuple[str, ...], protocol: str, errors: IO[bytes], output: IO[bytes] | None
) -> subprocess.Popen[bytes]:
    """Start git in a process group of its own, so that its helpers end with it."""
    try:
        with _STARTING:
            process = subprocess.Popen(
                ["git", *OPTIONS, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output or subprocess.DEVNULL,
                stderr=errors,
                env=git_environment(protocol),
                start_new_session=True,
            )
            _RUNNING.add(process)
        if output:
            limit = (MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
    except FileNotFoundError as error:
        raise Unavailable("git is not on PATH: install git, it is needed here") from error
    return process


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        # Another thread may have seen it end just now.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def end_running() -> None:
    """End what runs now: nobody waits for it any more."""
    with _STARTING:
        for process in list(_RUNNING):
            _end_group(process)


@atexit.register
def _end_all() -> None:
    """End what is fetched; a service that stops does not wait for the thread that waits for it."""
    # Never released: from here on nothing may start.
    _STARTING.acquire()
    for process in list(_RUNNING):
        _end_group(process)


def _protocol(url: str) -> str:
    scheme = urlsplit(url).scheme if "://" in url else "ssh"
    return "http:https" if scheme == "http" else scheme


def _raise_for(record: Repository, why: str) -> NoReturn:
    name, low = shown(record.url), why.lower()
    if any(sign in low for sign in AWAY):
        raise Unavailable(f"{name}: the network or the server is away: {why}")
    if any(sign in low for sign in CUT_OFF):
        raise Retry(f"{name}: the fetch was cut off: {why}")
    if "remote ref" in low or "not our ref" in low:
        raise SourceError(
            f"{name}: the revision {record.revision or 'HEAD'!r} does not exist: {why}"
        )
    raise SourceError(
        f"{name}: cannot be fetched: check that it exists and may be read without a password: {why}"
    )
