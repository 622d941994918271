"""Open a source of any kind: one way to read them all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from c2c_stream.errors import SourceError
from c2c_stream.ingest.chunks import Position
from c2c_stream.ingest.dumps import read_jsonl
from c2c_stream.ingest.fetch import FETCHED, fetched, forget
from c2c_stream.ingest.folder import read_file, read_folder
from c2c_stream.ingest.gitrepo import GitRepository, git_dir_of, read_commit
from c2c_stream.ingest.items import Census, Found, Home
from c2c_stream.ingest.kept import kept
from c2c_stream.ingest.locate import GIT, locate, shown
from c2c_stream.ingest.tars import read_tar
from c2c_stream.ingest.zips import is_zip, read_zip
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings

Reader = Callable[[Home, Census, int], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A source to read: all of it, or with `base` what differs from that commit.

    `clone` is what to forget when it is read.
    """

    name: str
    commit: str
    read: Reader
    base: str = ""
    clone: GitRepository | None = None

    def done(self) -> None:
        """Remove what was fetched to read it."""
        if self.clone is not None:
            forget(self.clone)


def open_source(
    record: Repository, position: Position, settings: IngestSettings, cache: Path
) -> Opened:
    """Return the source, as `position` has found it if that is not new. Raises as Ingester.read."""
    located = locate(record)
    if located.path is None:
        return _remote(record, position, settings, cache)
    if located.kind == GIT:
        return _local(record, position, settings, located.name, located.path)
    return Opened(located.name, "", _reader(located.kind, located.path, record.column))


def _remote(
    record: Repository, position: Position, settings: IngestSettings, cache: Path
) -> Opened:
    if record.branch:
        wanted = position.base if position.commit else record.base
        clone = kept(record, position.commit, wanted, cache, settings)
    else:
        clone = fetched(record, position.commit, cache, settings)
    commit = position.commit or clone.commit(FETCHED)
    base = _base(record, position, clone)
    reader = partial(read_commit, clone, base)
    return Opened(clone.name, commit, reader, base, None if record.branch else clone)


def _local(
    record: Repository, position: Position, settings: IngestSettings, name: str, path: Path
) -> Opened:
    repository = GitRepository(git_dir_of(path), name, settings.git_timeout_s)
    commit = position.commit or repository.commit(record.revision)
    base = _base(record, position, repository)
    return Opened(repository.remote_name(), commit, partial(read_commit, repository, base), base)


def _base(record: Repository, position: Position, repository: GitRepository) -> str:
    """Return the commit to compare with; none if all is to be read.

    A base that is gone (a force-push, then a clean-up) means to read all, but not once reading has
    begun: then it cannot be told any more which entry an index means.
    """
    if not position.commit:
        return record.base if repository.has(record.base) else ""
    if position.base and not repository.has(position.base):
        raise SourceError(
            f"{shown(record.url)}: commit {position.base} has gone while what changed since was"
            f" read; replay this, and all of {position.commit} is read"
        )
    return position.base


def _reader(kind: str, path: Path, column: str) -> Reader:
    match kind:
        case "folder":
            return partial(read_folder, path)
        case "archive":
            return partial(read_zip if is_zip(path) else read_tar, path)
        case "jsonl":
            return partial(read_jsonl, column, path)
        case "parquet":
            from c2c_stream.ingest.parquet import read_parquet

            return partial(read_parquet, column, path)
        case _:
            return partial(read_file, path)
