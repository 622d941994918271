"""Open a file that may be compressed, as a stream of its plain bytes, safe against bombs."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Protocol

from c2c_stream.errors import SourceError

MIB = 1024 * 1024
# Source code packs 3 to 10 times, the most repetitive dumps 50; a bomb 1,000 times and more.
BOMB_RATIO = 200
# Below this size even a bomb does no harm, and tiny files of zeros are not worth a word.
BOMB_BYTES = 256 * MIB
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
)
# What decompressors raise on data that is broken or ends too early.
BROKEN = (EOFError, OSError, lzma.LZMAError, zlib.error)


class Readable(Protocol):
    """What a decompressor is read by."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...

    def close(self) -> None:
        """Release it."""
        ...


class _Counted(io.RawIOBase):
    """Plain bytes of `packed`, refused when they grow out of proportion to it."""

    def __init__(self, plain: Readable, packed: IO[bytes], name: str) -> None:
        self._plain = plain
        self._packed = packed
        self._name = name
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # typeshed's Buffer is 3.12's
        data = self._plain.read(len(view))
        view[: len(data)] = data
        self._bytes += len(data)
        refuse_bomb(self._name, self._bytes, self._packed.tell())
        return len(data)


def refuse_bomb(name: str, plain_bytes: int, packed_bytes: int) -> None:
    """Raise SourceError if so few packed bytes cannot honestly be so many plain ones."""
    if plain_bytes > BOMB_BYTES and plain_bytes > BOMB_RATIO * packed_bytes:
        raise SourceError(
            f"{name}: a decompression bomb: {packed_bytes} bytes grew to {plain_bytes} so far"
        )


@contextmanager
def plain_stream(path: Path) -> Iterator[IO[bytes]]:
    """Open `path` for reading its plain bytes. Raises SourceError if they are broken."""
    try:
        with path.open("rb") as packed:
            form = _form(packed)
            if not form:
                yield packed
                return
            with closing(_decompressor(form, packed)) as plain:
                yield io.BufferedReader(_Counted(plain, packed, path.name), MIB)
    except BROKEN as error:
        system = error.strerror if isinstance(error, OSError) and error.errno else ""
        why = f"cannot be read: {system}" if system else f"broken, or cut off: {error}"
        raise SourceError(f"{path.name}: {why}") from error


def _form(packed: IO[bytes]) -> str:
    head = packed.read(8)
    packed.seek(0)
    return next((form for magic, form in _MAGIC if head.startswith(magic)), "")


def _decompressor(form: str, packed: IO[bytes]) -> Readable:
    match form:
        case "gzip":
            return gzip.GzipFile(fileobj=packed, mode="rb")
        case "bz2":
            return bz2.BZ2File(packed)
        case "xz":
            return lzma.LZMAFile(packed)
        case _:
            from c2c_stream.ingest.zstd import Zstd

            return Zstd(packed)
