"""Small parts that the tests of the engine are made of."""

from c2c_stream.broker.protocol import Delivered, Produced
from c2c_stream.codec import Codec
from c2c_stream.engine.books import Books
from c2c_stream.engine.outbox import Settled
from c2c_stream.engine.stage import Place
from c2c_stream.records import File, Record

CODEC = Codec()


def settled(name: str, *, size: int = 1, cursor: str | None = None) -> Settled:
    """Return a result that can be told from others; with a cursor it is a chunk."""
    done = 0 if cursor else 1
    books = Books(read=done, processed=done, found=1, out=1, cursor=cursor)
    return Settled((Produced("functions", b"", name.encode()),), books, size)


def delivered(offset: int, record: Record | None = None, *, partition: int = 0) -> Delivered:
    """Return a record as the broker delivers it."""
    value = CODEC.encode(record or File(file_id=str(offset)))
    return Delivered("files", partition, offset, b"k%d" % offset, value, (), 1000.0 + offset)


def place(offset: int, partition: int = 0) -> Place:
    """Return a place in `files`."""
    return Place("files", partition, offset)
