"""Keep a followed branch's clone between its moves, so that only what changed is fetched.

One clone a branch, bare and without history; it may be removed at any time, at the price of one
fetch of the whole tree. Two commits are in it: the last one, and the one that was there before.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from c2c_stream.errors import SourceError, Unavailable
from c2c_stream.ingest.fetch import FETCHED, begin, check_revision, fetch
from c2c_stream.ingest.gitrepo import GitRepository
from c2c_stream.ingest.gitrun import GitFailed, output
from c2c_stream.ingest.locate import shown
from c2c_stream.records import Repository, content_hash
from c2c_stream.settings import IngestSettings

# Holds on to the commit whose files have travelled, while the next one is fetched.
BASE: Final = "refs/c2c/base"
# Every move adds a pack; git looks through all of them for an object.
MOST_PACKS: Final = 16


def kept(
    record: Repository, commit: str, base: str, cache: Path, settings: IngestSettings
) -> GitRepository:
    """Return the branch's clone with `commit`, or what `record.revision` names if that is empty.

    `base` is in it, too, if the server still has it. Raises SourceError, Retry, Unavailable.
    """
    check_revision(record)
    place = cache / content_hash(record.url, record.branch)
    clone = GitRepository(place, shown(record.url), settings.git_timeout_s)
    wanted = commit or record.revision
    if clone.has(wanted) and (not base or clone.has(base)):
        return clone
    was_there = place.exists()
    try:
        _bring(record, wanted, base, clone, settings)
    except SourceError:
        if not was_there:
            raise
        # It may be the clone that is broken (a killed git leaves its locks); now it is gone.
        _bring(record, wanted, base, clone, settings)
    return clone


def _bring(
    record: Repository, wanted: str, base: str, clone: GitRepository, settings: IngestSettings
) -> None:
    """Fetch what is missing. Where `base` cannot be had any more it stays out."""
    timeout_s = settings.fetch_timeout_s
    with _taken(clone) as folder:
        if not (folder / "HEAD").exists():
            begin(record, folder, timeout_s)
        if base and GitRepository(folder, clone.name, clone.timeout_s).has(base):
            _git(folder, "update-ref", BASE, base, timeout_s=timeout_s)
        elif base:
            with suppress(SourceError):
                fetch(record, base, BASE, folder, timeout_s)
        fetch(record, wanted or "HEAD", FETCHED, folder, timeout_s)
        if len(list(folder.glob("objects/pack/*.pack"))) > MOST_PACKS:
            _git(folder, "repack", "-a", "-d", "-q", timeout_s=timeout_s)


@contextmanager
def _taken(clone: GitRepository) -> Iterator[Path]:
    """Give the clone under another name to be changed: whoever fails or is killed leaves none."""
    place = clone.git_dir
    place.parent.mkdir(parents=True, exist_ok=True)
    for left in place.parent.glob(f"{place.name}-*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(dir=place.parent, prefix=f"{place.name}-", suffix=".tmp"))
    try:
        with suppress(FileNotFoundError):
            place.rename(folder)
        try:
            yield folder
        except Unavailable:  # nothing is wrong with the clone
            _put_back(folder, place)
            raise
        _put_back(folder, place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_back(folder: Path, place: Path) -> None:
    # Another process may have fetched the same: one whose record a rebalance took away.
    shutil.rmtree(place, ignore_errors=True)
    folder.rename(place)


def _git(folder: Path, *arguments: str, timeout_s: float) -> None:
    try:
        output(folder, *arguments, timeout_s=timeout_s)
    except GitFailed as error:
        raise SourceError(f"{folder.name}: the clone is broken: {error}") from error
