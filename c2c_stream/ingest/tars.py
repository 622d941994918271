"""Read a tar archive in one pass. Nothing is written; a member's path is only a name."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from c2c_stream.errors import SourceError
from c2c_stream.ingest.folder import passed_over
from c2c_stream.ingest.items import (
    Census,
    Found,
    Home,
    is_python,
    item_of,
    normal_path,
    path_fault,
    path_text,
    rejected,
    too_big,
)
from c2c_stream.ingest.streams import plain_stream
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem

# tarfile reads these headers whole; an honest one holds a path and some attributes.
EXTENDED_HEADER_BYTES = 1024 * 1024
_EXTENDED = frozenset(
    {
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    }
)
_TYPES = {tarfile.SYMTYPE: "a symlink", tarfile.LNKTYPE: "a hard link", tarfile.FIFOTYPE: "a pipe"}


class _Member(tarfile.TarInfo):
    """A header that is refused when it is broken, where tarfile would take it for the end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if 0 < len(buf) < tarfile.BLOCKSIZE:
            raise SourceError("cut off inside a header")
        try:
            member = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not buf.strip(b"\0"):
                raise
            raise SourceError(f"a header is broken: {error}") from error
        if member.type in _EXTENDED and member.size > EXTENDED_HEADER_BYTES:
            raise SourceError(f"a header of {member.size} bytes, no archiver writes such")
        return member


def read_tar(path: Path, home: Home, census: Census, start: int) -> Iterator[Found]:
    """Yield the Python files of an archive, from the `start`-th member on."""
    with plain_stream(path) as plain:
        try:
            yield from _found(plain, home, census, start)
        except (SourceError, tarfile.TarError) as error:
            raise SourceError(f"{path.name}: a broken archive: {error}") from error


def _found(plain: IO[bytes], home: Home, census: Census, start: int) -> Iterator[Found]:
    with tarfile.open(
        fileobj=plain, mode="r|", tarinfo=_Member, encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for index, member in enumerate(_members(tar), 1):
            path = normal_path(path_text(member.name.encode("utf-8", "surrogateescape")))
            if member.isdir() or hidden(path):
                continue
            if not is_python(path):
                census.saw(path)
            elif index > start:
                yield Found(_item(tar, member, path, home), index)


def hidden(path: str) -> bool:
    """Say whether a file lies in a folder that is passed over (folder.py)."""
    return any(step != ".." and passed_over(step.encode()) for step in path.split("/")[:-1])


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := tar.next()) is not None:
        yield member
        # tarfile would keep every member that it has passed.
        tar.members = []  # type: ignore[attr-defined]  # documented nowhere, there since 2.3


def _item(
    tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, home: Home
) -> File | RejectedItem:
    fault = path_fault(member.name) or path_fault(path)
    if fault:
        return rejected(path, Reason.BAD_PATH, fault)
    if not member.isfile() or member.issparse():
        return rejected(path, Reason.NOT_REGULAR_FILE, _TYPES.get(member.type, "a device"))
    if big := too_big(path, member.size, home):
        return big
    content = tar.extractfile(member)
    if content is None:
        return rejected(path, Reason.NOT_REGULAR_FILE, "without content")
    return item_of(path, content.read(), home)
