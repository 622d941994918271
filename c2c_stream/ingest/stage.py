"""The ingester: what a source holds, in chunks, from where the last commit left it."""

from collections.abc import Iterator
from pathlib import Path

from c2c_stream.engine.stage import Chunk
from c2c_stream.errors import SourceError
from c2c_stream.ingest.chunks import Position, chunks_of, position_of
from c2c_stream.ingest.folder import read_file, read_folder
from c2c_stream.ingest.items import Census, Found, Home
from c2c_stream.ingest.locate import FOLDER, Located, locate, shown
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings


class Ingester:
    """A Source. `cache` is a folder for clones; each is removed when its source is read."""

    def __init__(self, settings: IngestSettings, cache: Path) -> None:
        self._settings = settings
        self._cache = cache

    def read(self, record: Repository, cursor: str | None) -> Iterator[Chunk]:
        """Yield the Python files of `record` behind `cursor`.

        A cursor holds the commit, resolved at the first call, and the index of the entry to read
        next: a later call with it goes on there even if the branch has moved meanwhile. Behind the
        last chunk there is nothing, and nothing is yielded. Raises SourceError, Retry, Unavailable.
        """
        yield from chunks_of(self.found(record, position_of(cursor)), position_of(cursor))

    def found(self, record: Repository, position: Position) -> Iterator[Found]:
        """Yield what `record` holds from `position` on. Raises SourceError if it holds no item."""
        located = locate(record)
        census = Census()
        home = Home(located.name, position.commit, self._settings.max_file_bytes)
        empty = position.next == 0
        for one in _found(located, home, census, position.next):
            empty = False
            yield one
        if empty:
            raise SourceError(f"{shown(record.url)}: no Python file in it (found: {census})")


def _found(located: Located, home: Home, census: Census, start: int) -> Iterator[Found]:
    path = located.path
    if path is None:
        raise SourceError(f"{located.name}: a URL is not read by this version: clone it first")
    if located.kind == FOLDER:
        return read_folder(path, home, census, start)
    return read_file(path, home, start)


def check_source(url: str, column: str = "") -> Repository:
    """Return the record of a source that the user names, with a local path made absolute.

    Reads as far as the first item, so what cannot work is known before anything starts. A URL is
    only looked at: nothing is fetched. Raises SourceError in one sentence.
    """
    record = Repository(url=url, column=column)
    located = locate(record)
    if located.path is None:
        return record
    record = Repository(url=str(located.path), kind=located.kind, column=column)
    next(Ingester(IngestSettings(), Path()).found(record, Position()))
    return record
