"""Read a zip archive (a wheel is one). Nothing is written; an entry's path is only a name."""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path

from c2c_stream.errors import SourceError
from c2c_stream.ingest.items import (
    Census,
    Found,
    Home,
    is_python,
    item_of,
    normal_path,
    path_fault,
    rejected,
    too_big,
)
from c2c_stream.ingest.streams import MIB, refuse_bomb
from c2c_stream.ingest.tars import hidden
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem

# zipfile holds the whole directory, about eight times its size on disk: some 200,000 entries.
DIRECTORY_BYTES = 16 * MIB
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


class _Directory(BufferedReader):
    """A file that refuses to be read in pieces so large that only a directory can be meant."""

    def read(self, size: int | None = -1, /) -> bytes:
        to_end = os.fstat(self.fileno()).st_size - self.tell()
        wanted = to_end if size is None or size < 0 else size
        if min(wanted, to_end) > DIRECTORY_BYTES:
            raise SourceError(
                f"its directory is larger than {DIRECTORY_BYTES // MIB} MiB: "
                f"unpack it and give the folder"
            )
        return super().read(wanted)


def read_zip(path: Path, home: Home, census: Census, start: int) -> Iterator[Found]:
    """Yield the Python files of an archive, from the `start`-th entry on."""
    try:
        with _Directory(FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            yield from _found(archive, path, home, census, start)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise SourceError(f"{path.name}: a broken archive: {error}") from error


def is_zip(path: Path) -> bool:
    """Say whether a file begins as a zip does; its end may be that of a zip inside a tar."""
    with path.open("rb") as file:
        return file.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}


def _found(
    archive: zipfile.ZipFile, path: Path, home: Home, census: Census, start: int
) -> Iterator[Found]:
    packed, plain = path.stat().st_size, 0
    for index, entry in enumerate(archive.infolist(), 1):
        name = normal_path(entry.filename)
        if entry.is_dir() or hidden(name):
            continue
        if not is_python(name):
            census.saw(name)
        elif index > start:
            item = _item(archive, entry, name, home)
            yield Found(item, index)
            plain += entry.file_size if isinstance(item, File) else 0
            refuse_bomb(path.name, plain, packed)


def _item(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, home: Home
) -> File | RejectedItem:
    if fault := path_fault(entry.filename):
        return rejected(path, Reason.BAD_PATH, fault)
    type_ = stat.S_IFMT(entry.external_attr >> 16)
    if type_ not in {0, stat.S_IFREG}:
        return rejected(
            path, Reason.NOT_REGULAR_FILE, "a symlink" if stat.S_ISLNK(type_) else "a device"
        )
    if big := too_big(path, entry.file_size, home):
        return big
    try:
        with archive.open(entry) as content:
            return item_of(path, content.read(home.max_file_bytes + 1), home)
    except _UNREADABLE as error:
        return rejected(path, Reason.NOT_READABLE, f"cannot be unpacked: {error}")
