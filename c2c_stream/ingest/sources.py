"""Open a source of any kind: one way to read them all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from c2c_stream.ingest.dumps import read_jsonl, read_parquet
from c2c_stream.ingest.fetch import FETCHED, fetched, forget
from c2c_stream.ingest.folder import read_file, read_folder
from c2c_stream.ingest.gitrepo import GitRepository, git_dir_of, read_commit
from c2c_stream.ingest.items import Census, Found, Home
from c2c_stream.ingest.locate import GIT, locate
from c2c_stream.ingest.tars import read_tar
from c2c_stream.ingest.zips import is_zip, read_zip
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings

Reader = Callable[[Home, Census, int], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A source to read. `clone` is what to forget when it is read."""

    name: str
    commit: str
    read: Reader
    clone: GitRepository | None = None

    def done(self) -> None:
        """Remove what was fetched to read it."""
        if self.clone is not None:
            forget(self.clone)


def open_source(record: Repository, commit: str, settings: IngestSettings, cache: Path) -> Opened:
    """Return the source, at `commit` if it was resolved before. Raises as Ingester.read does."""
    located = locate(record)
    if located.path is None:
        return _remote(record, commit, settings, cache)
    if located.kind == GIT:
        return _local(record, commit, settings, located.name, located.path)
    return Opened(located.name, "", _reader(located.kind, located.path, record.column))


def _remote(record: Repository, commit: str, settings: IngestSettings, cache: Path) -> Opened:
    clone = fetched(record, commit, cache, settings)
    return Opened(clone.name, commit or clone.commit(FETCHED), partial(read_commit, clone), clone)


def _local(
    record: Repository, commit: str, settings: IngestSettings, name: str, path: Path
) -> Opened:
    repository = GitRepository(git_dir_of(path), name, settings.git_timeout_s)
    resolved = commit or repository.commit(record.revision)
    return Opened(repository.remote_name(), resolved, partial(read_commit, repository))


def _reader(kind: str, path: Path, column: str) -> Reader:
    match kind:
        case "folder":
            return partial(read_folder, path)
        case "archive":
            return partial(read_zip if is_zip(path) else read_tar, path)
        case "jsonl":
            return partial(read_jsonl, column, path)
        case "parquet":
            return partial(read_parquet, column, path)
        case _:
            return partial(read_file, path)
