"""Pack what a source holds into chunks, and write and read the cursor between them. Pure."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from c2c_stream.engine.stage import Chunk
from c2c_stream.errors import Fatal
from c2c_stream.ingest.items import Found
from c2c_stream.records import File, RejectedItem

CHUNK_RECORDS = 500
CHUNK_BYTES = 4 * 1024 * 1024
# Identifiers, lengths and framing of one encoded item, its key and its headers, rounded up.
ITEM_OVERHEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Position:
    """How far a source is read: the commit that was resolved once, the next entry's index.

    `base`: the entries are those that differ from this commit; empty: all of them.
    """

    commit: str = ""
    next: int = 0
    base: str = ""

    def text(self) -> str:
        """Return the cursor; it stays far below the 4 KiB that an offset's metadata may hold."""
        base = {"base": self.base} if self.base else {}
        return json.dumps({"commit": self.commit, "next": self.next} | base, separators=(",", ":"))


def position_of(cursor: str | None) -> Position:
    """Return the position that a cursor holds. Raises Fatal if it is not one of ours."""
    if cursor is None:
        return Position()
    try:
        fields = json.loads(cursor)
        return Position(str(fields["commit"]), int(fields["next"]), str(fields.get("base", "")))
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        raise Fatal(
            f"the cursor {cursor[:80]!r} was not written by this ingester: "
            f"start the run again with a new --out"
        ) from error


@dataclass(slots=True)
class _Open:
    """The chunk being filled."""

    files: list[File] = field(default_factory=list)
    rejected: list[RejectedItem] = field(default_factory=list)
    size: int = 0

    def takes(self, size: int) -> bool:
        count = len(self.files) + len(self.rejected)
        return count == 0 or (count < CHUNK_RECORDS and self.size + size <= CHUNK_BYTES)

    def add(self, item: File | RejectedItem, size: int) -> None:
        if isinstance(item, File):
            self.files.append(item)
        else:
            self.rejected.append(item)
        self.size += size

    def closed(self, position: Position) -> Chunk:
        return Chunk(tuple(self.files), tuple(self.rejected), position.text())


def chunks_of(found: Iterable[Found], position: Position) -> Iterator[Chunk]:
    """Yield `found` in chunks; each cursor points behind its chunk's last item."""
    filling = _Open()
    for one in found:
        size = _size(one.item)
        if not filling.takes(size):
            yield filling.closed(position)
            filling = _Open()
        filling.add(one.item, size)
        position = replace(position, next=one.next)
    if filling.size:
        yield filling.closed(position)


def _size(item: File | RejectedItem) -> int:
    if isinstance(item, RejectedItem):
        return ITEM_OVERHEAD_BYTES + 4 * (len(item.path) + len(item.detail))
    origin = item.origin
    texts = len(origin.repository) + len(origin.path) + len(origin.license)
    return ITEM_OVERHEAD_BYTES + len(item.content) + 4 * texts
