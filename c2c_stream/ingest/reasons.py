"""Why the ingester passes something over: a closed list.

The value is the code that rejections and metrics carry; the meaning is printed by the commands.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason code."""

    @property
    def meaning(self) -> str:
        """What the code means, as the rest of a sentence about the file."""
        return _MEANINGS[self]

    NOT_REGULAR_FILE = "not_regular_file"
    NOT_READABLE = "not_readable"
    BAD_PATH = "bad_path"
    TOO_BIG = "too_big"
    LFS_POINTER = "lfs_pointer"

    # Rows of a dump.
    NOT_PYTHON = "not_python"
    BAD_ROW = "bad_row"
    BAD_ENCODING = "bad_encoding"


_MEANINGS = {
    Reason.NOT_REGULAR_FILE: "it is a link, a submodule, a pipe or a device",
    Reason.NOT_READABLE: "its bytes are missing, broken or may not be read",
    Reason.BAD_PATH: "its path is absolute, too long or climbs out of its source",
    Reason.TOO_BIG: "it is larger than ingest.max_file_bytes",
    Reason.LFS_POINTER: "it is a pointer of Git LFS, not the file itself",
    Reason.NOT_PYTHON: "its language or its path is not Python's",
    Reason.BAD_ROW: "the row is no JSON object, or holds no text",
    Reason.BAD_ENCODING: "its text is no Unicode",
}
