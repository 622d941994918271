"""Turn the bytes of a Python file into text and a tree, or say why that cannot be.

Offsets in the tree are UTF-8 bytes in lines that end at a newline only: a form feed or U+2028 ends
no line here, as it ends none in the interpreter.
"""

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

Unreadable = Literal["bad_encoding", "syntax_error", "syntax_newer", "parse_limit"]

# What every codec that a source may be written in leaves as it is. UTF-7, punycode, the escape
# codecs and HZ do not: in those, what a scanner reads is not what the interpreter runs.
_PROBE = bytes(range(32, 127)) + b"\n +AEE- \\x41 \\u0041 xn--41 ~{ "

_NEWER = re.compile(
    r"""^\s*type\s+\w+\s*(\[|=[^=])     # type X = ...
    |^\s*(async\s+)?def\s+\w+\s*\[      # def f[T](...)
    |^\s*class\s+\w+\s*\[               # class A[T]
    |(^|[^\w'"])([tT][rR]?|[rR][tT])['"]  # t-strings
    |^\s*except\*?\s+[A-Z][\w.]*\s*,\s*[A-Z][\w.]*  # except A, B: two classes, not Python 2's name
    """,
    re.VERBOSE,
)
_PYTHON_2_EXCEPT = re.compile(r"^\s*except\s+[\w.]+\s*,\s*[a-z_]")


class ParseError(Exception):
    """The file cannot be read as Python; `reason` is one of Unreadable."""

    def __init__(self, reason: Unreadable, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Unreadable = reason
        self.detail = detail


@dataclass(frozen=True)
class Source:
    """A parsed file; positions in its tree count bytes of `data`, line by line."""

    content: str
    tree: ast.Module

    @cached_property
    def data(self) -> bytes:
        """The text as UTF-8, with newlines as the parser sees them."""
        return self.content.encode()

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        return (0, *(match.end() for match in re.finditer(b"\n", self.data)))

    def offset(self, line: int, column: int) -> int:
        """Return where a tree's position lies in `data`."""
        return self._line_starts[line - 1] + column

    def text(self, node: ast.stmt | ast.expr) -> str:
        """Return the source text of a node, without its decorators."""
        start = self.offset(node.lineno, node.col_offset)
        end = self.offset(node.end_lineno or 0, node.end_col_offset or 0)
        return self.data[start:end].decode()


@lru_cache(maxsize=256)
def _is_plain(encoding: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _PROBE.decode(encoding) == _PROBE.decode("ascii")
    except (LookupError, ValueError):
        return False


def _declared_encoding(content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except (SyntaxError, ValueError) as error:
        raise ParseError("bad_encoding", str(error)) from error
    if not _is_plain(encoding):
        raise ParseError("bad_encoding", f"{encoding} is no encoding for source text")
    return encoding


def decode(content: bytes) -> str:
    """Return a file's text with one kind of newline. Raises ParseError."""
    if b"\0" in content:
        raise ParseError("bad_encoding", f"a null byte at offset {content.index(0)}")
    encoding = _declared_encoding(content)
    try:
        text = content.decode(encoding)
    except ValueError as error:
        raise ParseError("bad_encoding", str(error)) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _reason_of(error: SyntaxError, text: str) -> Unreadable:
    """Tell syntax of a later Python from text that is no Python."""
    lines = text.split("\n")
    number = error.lineno or 0
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    if (error.msg or "").startswith("f-string") or error.filename == "<fstring>":
        return "syntax_newer"
    if _PYTHON_2_EXCEPT.match(line):
        return "syntax_error"
    return "syntax_newer" if _NEWER.search(line) else "syntax_error"


def parse_text(text: str) -> ast.Module:
    """Return the tree of `text`. Raises ParseError; a deep or huge text may end the process."""
    try:
        with warnings.catch_warnings():
            # Invalid escapes in somebody's source are not our warnings.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        detail = f"line {error.lineno}: {error.msg}"
        raise ParseError(_reason_of(error, text), detail) from error
    except ValueError as error:
        raise ParseError("syntax_error", str(error)) from error
    except (MemoryError, RecursionError) as error:
        raise ParseError("parse_limit", f"too deep or too large to parse: {error}") from error


def parse(content: bytes) -> Source:
    """Return the parsed file. Raises ParseError."""
    text = decode(content)
    return Source(text, parse_text(text))
