"""Read JSONL dumps, a row at a time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from c2c_stream.errors import SourceError
from c2c_stream.ingest.items import Census, Found, Home
from c2c_stream.ingest.rows import Columns, columns_of, item_of_row, row_fault
from c2c_stream.ingest.streams import plain_stream
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem

# JSON writes a byte as six characters at worst; the rest is for the other columns.
ESCAPED = 6
OTHER_COLUMNS_BYTES = 64 * 1024


def read_jsonl(column: str, path: Path, home: Home, _census: Census, start: int) -> Iterator[Found]:
    """Yield the rows of a JSONL file, from the `start`-th line on; it may be compressed."""
    limit = ESCAPED * home.max_file_bytes + OTHER_COLUMNS_BYTES
    columns: Columns | None = None
    with plain_stream(path) as plain:
        for index, line in enumerate(_lines(plain, limit), 1):
            if line.isspace() or (index <= start and columns):
                continue
            if len(line) > limit:
                item: File | RejectedItem = _too_long(index, limit)
            else:
                columns = columns or _columns(line, column, path.name)
                item = _json_item(line, columns, index, home)
            if index > start:
                yield Found(item, index)


def _lines(plain: IO[bytes], limit: int) -> Iterator[bytes]:
    """Yield each line; of one above `limit` only its beginning, which is `limit + 1` long."""
    while line := plain.readline(limit + 1):
        yield line
        while not line.endswith(b"\n") and line:
            line = plain.readline(limit + 1)


def _too_long(index: int, limit: int) -> RejectedItem:
    return row_fault(index, f"a line of more than {limit} bytes", Reason.TOO_BIG)


def _columns(line: bytes, column: str, name: str) -> Columns:
    """Return the columns of a dump by its first row. Raises SourceError."""
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: not JSONL, its first line is no JSON: {error}") from error
    if not isinstance(row, dict):
        raise SourceError(f"{name}: not JSONL, which is one JSON object a line")
    return columns_of(list(row), column, name)


def _json_item(line: bytes, columns: Columns, index: int, home: Home) -> File | RejectedItem:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return row_fault(index, f"no JSON: {error}"[:200])
    if not isinstance(row, dict):
        return row_fault(index, "no JSON object")
    return item_of_row(row, columns, index, home)
