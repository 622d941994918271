"""What a row of a dump becomes, whatever file it stands in. Pure.

The columns of The Stack v1 and of its common relatives are known by name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from c2c_stream.errors import SourceError
from c2c_stream.ingest.items import (
    Home,
    is_python,
    item_of,
    normal_path,
    path_fault,
    rejected,
)
from c2c_stream.ingest.licenses import joined
from c2c_stream.ingest.locate import shown
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem

TEXT = ("content", "code", "text")
LANGUAGE = ("lang", "language", "programming_language")
REPOSITORY = ("max_stars_repo_name", "repo_name", "repository", "repo")
PATH = ("max_stars_repo_path", "path", "file_path", "filename")
LICENSES = ("max_stars_repo_licenses", "licenses", "license")
COMMIT = ("max_stars_repo_head_hexsha", "commit")
# What The Stack v2 holds in place of text.
STACK_V2 = frozenset({"blob_id", "src_encoding"})
MAX_NAME_CHARS = 500


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; empty where there is none."""

    text: str
    language: str
    repository: str
    path: str
    licenses: str
    commit: str

    def names(self) -> list[str]:
        """Return the columns to read."""
        all_ = (self.text, self.language, self.repository, self.path, self.licenses, self.commit)
        return [name for name in all_ if name]


def columns_of(names: Sequence[str], wanted: str, dump: str) -> Columns:
    """Return which of the columns `names` hold what. Raises SourceError if none holds text."""
    text = _first((wanted,) if wanted else TEXT, names)
    if not text:
        raise SourceError(_no_text(names, wanted, dump))
    others = (_first(known, names) for known in (LANGUAGE, REPOSITORY, PATH, LICENSES, COMMIT))
    return Columns(text, *others)


def item_of_row(
    row: Mapping[str, object], columns: Columns, index: int, home: Home
) -> File | RejectedItem:
    """Return what the `index`-th row (from 1) becomes."""
    named = _text(row, columns.path)
    # A row without a path is named after its place: not after the dump, whose name says nothing.
    path = normal_path(named) or f"row/{index}.py"
    if foreign := _foreign(row, columns, named):
        return rejected(path, Reason.NOT_PYTHON, foreign)
    if fault := path_fault(named):
        return rejected(path, Reason.BAD_PATH, fault)
    value = row.get(columns.text)
    if not isinstance(value, str | bytes):
        return rejected(path, Reason.BAD_ROW, f"no text in column {columns.text!r}")
    try:
        content = value if isinstance(value, bytes) else value.encode()
    except UnicodeEncodeError as error:
        return rejected(path, Reason.BAD_ENCODING, f"its text is no Unicode: {error.reason}")
    return item_of(path, content, _home(row, columns, home), _licenses(row, columns))


def row_fault(index: int, detail: str, reason: Reason = Reason.BAD_ROW) -> RejectedItem:
    """Return the rejection of a row that could not even be decoded."""
    return rejected(f"row/{index}.py", reason, detail)


def _first(known: Sequence[str], names: Sequence[str]) -> str:
    return next((name for name in known if name in names), "")


def _no_text(names: Sequence[str], wanted: str, dump: str) -> str:
    there = ", ".join(name[:40] for name in names[:30]) or "none"
    if wanted:
        return f"{dump}: it has no column {wanted!r}; there are: {there}"
    if STACK_V2.issubset(names):
        return (
            f"{dump}: rows of The Stack v2 hold no text, only the ids of files to download: "
            f"give a dump that holds their text, or The Stack v1"
        )
    return (
        f"{dump}: none of its columns is {', '.join(TEXT[:-1])} or {TEXT[-1]}; "
        f"name the one that holds the source text with --column; there are: {there}"
    )


def _foreign(row: Mapping[str, object], columns: Columns, path: str) -> str:
    """Return which other language a row is in; empty if it is Python, or nothing tells."""
    language = _text(row, columns.language)
    if language:
        return "" if language.lower() in {"python", "py"} else f"its language is {language}"
    if path and not is_python(path):
        return "its path names no Python file"
    return ""


def _home(row: Mapping[str, object], columns: Columns, home: Home) -> Home:
    name = _text(row, columns.repository)[:MAX_NAME_CHARS]
    commit = _text(row, columns.commit)
    return replace(
        home,
        repository=shown(name) if name else home.repository,
        commit=commit if re.fullmatch(r"[0-9a-f]{7,64}", commit) else home.commit,
    )


def _licenses(row: Mapping[str, object], columns: Columns) -> str:
    found = row.get(columns.licenses)
    several = found if isinstance(found, list | tuple) else [found]
    return joined(one for one in several if isinstance(one, str))


def _text(row: Mapping[str, object], column: str) -> str:
    """Return a column's text, made storable: lone surrogates are escaped."""
    found = row.get(column) if column else None
    if not isinstance(found, str):
        return ""
    return found.encode("utf-8", "backslashreplace").decode("utf-8")
