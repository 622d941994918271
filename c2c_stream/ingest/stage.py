"""The ingester: what a source holds, in chunks, from where the last commit left it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from c2c_stream.engine.stage import Chunk
from c2c_stream.errors import Poison, Retry, SourceError, Unavailable
from c2c_stream.ingest.chunks import Position, chunks_of, position_of
from c2c_stream.ingest.fetch import ask
from c2c_stream.ingest.items import Census, Found, Home, path_text
from c2c_stream.ingest.locate import locate, shown
from c2c_stream.ingest.sources import Opened, open_source
from c2c_stream.records import Origin, Repository
from c2c_stream.settings import IngestSettings


class Ingester:
    """A Source. `folder` is the run's own (OUT/.c2c): clones are kept in it.

    `tell` hears in a sentence when all of a followed branch is read for want of its base.
    """

    def __init__(
        self, settings: IngestSettings, folder: Path, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._settings = settings
        self._cache = folder / "git"
        self._tell = tell

    def read(self, record: Repository, cursor: str | None) -> Iterator[Chunk]:
        """Yield the Python files of `record` behind `cursor`.

        With a base they are those that differ from it: what the record is there for, whatever
        became of the record that told of the base (that one is done, or a dead letter to replay).

        A cursor holds the commit, resolved at the first call, and the index of the entry to read
        next: a later call with it goes on there even if the branch has moved meanwhile. Behind the
        last chunk there is nothing, and nothing is yielded. Raises SourceError, Retry, Unavailable.
        """
        position = position_of(cursor)
        opened = open_source(record, position, self._settings, self._cache)
        if record.base and not position.commit and not opened.base:
            self._tell(
                f"{opened.name}: commit {record.base} of {record.branch!r} is gone (a force-push?):"
                f" all of {opened.commit} is read"
            )
        position = replace(position, commit=opened.commit, base=opened.base)
        origin = Origin(repository=opened.name, commit=opened.commit)
        for chunk in chunks_of(_items(record, opened, position.next, self._settings), position):
            yield replace(chunk, origin=origin)
        opened.done()


def check_source(
    url: str, column: str = "", settings: IngestSettings | None = None, revision: str = ""
) -> Repository:
    """Return the record of a source that the user names, with a local path made absolute.

    Reads as far as the first item, so what cannot work is known before anything starts. A URL is
    only looked at: nothing is fetched. Raises SourceError in one sentence.
    """
    if path_text(os.fsencode(url)) != url:
        raise SourceError(f"{path_text(os.fsencode(url))}: its name is no UTF-8: rename it")
    named = Repository(url=url, column=column, revision=revision)
    located = locate(named)
    if located.path is None:
        return named
    record = replace(named, url=str(located.path), kind=located.kind)
    used = settings or IngestSettings()
    try:
        next(_items(record, open_source(record, Position(), used, Path()), 0, used))
    except SourceError:
        raise
    except (Poison, Retry, Unavailable) as error:
        raise SourceError(str(error)) from error
    return record


def check_remote(record: Repository, settings: IngestSettings | None = None) -> None:
    """Ask the server of a URL for it. Raises SourceError in one sentence; a local path passes."""
    if locate(record).path is not None:
        return
    used = settings or IngestSettings()
    try:
        ask(record, used.git_timeout_s)
    except SourceError:
        raise
    except (Retry, Unavailable) as error:
        raise SourceError(f"{error}; check the URL and the network, then run again") from error


def _items(
    record: Repository, opened: Opened, start: int, settings: IngestSettings
) -> Iterator[Found]:
    """Yield what a source holds. Raises SourceError if all of it was read and held nothing."""
    census = Census()
    home = Home(opened.name, opened.commit, settings.max_file_bytes)
    empty = start == 0
    for one in opened.read(home, census, start):
        empty = False
        yield one
    if empty and not record.base:
        raise SourceError(
            f"{shown(record.url)}: no Python file in it (found: {census}); "
            f"archives and dumps that lie in a folder are given one by one"
        )
