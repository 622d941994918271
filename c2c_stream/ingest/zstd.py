"""Read what zstd compressed. Apart from other streams: Arrow is a tenth of a second."""

from typing import IO, TYPE_CHECKING, cast

import pyarrow as pa

if TYPE_CHECKING:
    import io


class Zstd:
    """Its plain bytes. Raises EOFError where they are broken, as other decompressors do."""

    def __init__(self, packed: IO[bytes]) -> None:
        source = pa.PythonFile(cast("io.IOBase", packed), mode="r")
        self._plain = pa.CompressedInputStream(source, "zstd")

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        try:
            return self._plain.read(size)
        except pa.ArrowInvalid as error:
            raise EOFError(str(error)) from error

    def close(self) -> None:
        """Release it."""
        self._plain.close()
