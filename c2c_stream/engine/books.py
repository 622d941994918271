"""The books of one stage and partition, kept in the metadata of its committed offset. Pure.

read = processed + dead            (records)
found = out + rejected             (items)
out(stage) + fed = read(next) + waiting    (fed: from outside, counted in marks.py)
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace

from c2c_stream.errors import Fatal


@dataclass(frozen=True, slots=True)
class Books:
    """What became of everything read so far. `cursor` is how far a Source is into the next record.

    `rejections` counts the records on the topic `rejections`, `rejected` the items in them.
    """

    read: int = 0
    processed: int = 0
    dead: int = 0
    found: int = 0
    out: int = 0
    rejected: int = 0
    rejections: int = 0
    cursor: str | None = None

    def __add__(self, other: "Books") -> "Books":
        return sum_of([self, other])

    def balanced(self) -> bool:
        """Say whether everything read and found is accounted for."""
        return self.read == self.processed + self.dead and self.found == self.out + self.rejected


COUNTS = tuple(field.name for field in fields(Books) if field.name != "cursor")


def to_metadata(books: Books) -> str:
    """Return the text that stands beside the committed offset (a Kafka limit: 4096 bytes)."""
    return json.dumps({k: v for k, v in asdict(books).items() if v}, separators=(",", ":"))


def from_metadata(text: str, where: object) -> Books:
    """Return the books of a committed offset; empty text is a group's first start."""
    try:
        books = replace(Books(), **json.loads(text or "{}"))
    except (ValueError, TypeError, RecursionError) as error:
        raise Fatal(f"{where}: committed metadata is no books: {text[:80]!r}") from error
    if not all(type(getattr(books, name)) is int for name in COUNTS):
        raise Fatal(f"{where}: committed metadata is no books: {text[:80]!r}")
    return books


def total(books: Mapping[object, Books]) -> Books:
    """Return the sum over partitions."""
    return sum_of(books.values())


def sum_of(books: Iterable[Books]) -> Books:
    """Return a sum, the cursor of the last; in one go, since a commit adds up hundreds."""
    found = list(books)
    return Books(
        read=sum(one.read for one in found),
        processed=sum(one.processed for one in found),
        dead=sum(one.dead for one in found),
        found=sum(one.found for one in found),
        out=sum(one.out for one in found),
        rejected=sum(one.rejected for one in found),
        rejections=sum(one.rejections for one in found),
        cursor=found[-1].cursor if found else None,
    )
