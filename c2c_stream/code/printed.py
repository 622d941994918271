"""What a call prints, kept while it is printed and no longer than may be. Standard library only.

It stands where `sys.stdout` is looked for, inside the child: the guest may do with it what it
likes, and at worst tells something else of itself.
"""

import re
from typing import Final

_type, _str, _len, _join = type, str, len, str.join
_encode = str.encode
may_be_an_address = re.compile(r"\bat 0x[0-9a-fA-F]{4,}").search


class Printed:
    """A text file that only takes, in memory, and at most so many characters."""

    encoding: Final = "utf-8"
    errors: Final = "strict"
    closed: Final = False
    name: Final = "<stdout>"
    newlines: Final = None

    __slots__ = ("_left", "_parts", "too_long")

    def __init__(self, limit: int = 0) -> None:
        self.begin(limit)

    def begin(self, limit: int) -> None:
        """Forget all, and take at most `limit` characters from now on."""
        self._parts: list[str] = []
        self._left = limit
        self.too_long = False

    def write(self, text: str) -> int:
        """Take a text; what is more than the limit is dropped."""
        if _type(text) is not _str:
            raise TypeError(f"write() argument must be str, not {_type(text).__name__}")
        self._left -= _len(text)
        if self._left < 0:
            self.too_long = True
            self._parts = []
        elif text:
            self._parts.append(text)
        return _len(text)

    def writelines(self, lines: list[str]) -> None:
        """Take several."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Stay open: the next call prints, too."""

    def isatty(self) -> bool:
        """Tell that nobody looks."""
        return False

    def readable(self) -> bool:
        """Tell that nothing can be read from it."""
        return False

    def seekable(self) -> bool:
        """Tell that it goes on and on."""
        return False

    def writable(self) -> bool:
        """Tell that it takes text."""
        return True

    def text(self) -> str:
        """Return what was printed since `begin`, lone surrogates escaped; empty if too long."""
        found = _join("", self._parts)
        return found if found.isascii() else _encode(found, "utf-8", "backslashreplace").decode()


def holds_address(text: str) -> bool:
    """Tell whether a text names where an object lies, which differs from run to run."""
    return " 0x" in text and may_be_an_address(text) is not None
