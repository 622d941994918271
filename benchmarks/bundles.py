"""The functions and inputs of a run, as JSONL for `benchmarks/executor.py --bundles`.

    c2c run SOURCE... --out OUT --keep
    python benchmarks/bundles.py OUT > FILE.jsonl

Reads the topic of inputs in the run's local log. One object a line: code, entry_point, arguments
(a list of source texts). `--without REASON` leaves out what the run turned down for that reason.
With --candidates: all that the curator passed on, without inputs, for benchmarks/search_writer.py.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from c2c_stream.codec import Codec
from c2c_stream.records import Candidate, Inputs, Record, Rejection

_NO_RUN = "{out}: no kept run (c2c run SOURCE --out {out} --keep)"


def records(log: sqlite3.Connection, topic: str) -> Iterator[Record]:
    """Yield the records of a topic in order."""
    codec = Codec()
    for (value,) in log.execute(f'SELECT value FROM "{topic}" ORDER BY place'):  # noqa: S608
        yield codec.decode(value)


def bundles(path: Path, without: frozenset[str]) -> Iterator[dict[str, object]]:
    """Yield the functions of a log with their inputs."""
    log = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    left_out = {
        item.function_id
        for record in records(log, "main.rejections")
        if isinstance(record, Rejection)
        for item in record.items
        if item.reason in without
    }
    for record in records(log, "main.inputs"):
        if isinstance(record, Inputs) and record.function.function_id not in left_out:
            yield {
                "code": record.function.code,
                "entry_point": record.function.entry_point,
                "arguments": list(record.arguments),
            }


def candidates(path: Path) -> Iterator[dict[str, object]]:
    """Yield the functions that a writer was asked for."""
    log = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for record in records(log, "main.candidates"):
        if isinstance(record, Candidate):
            yield {"code": record.function.code, "entry_point": record.function.entry_point}


def main() -> None:
    """Read the arguments and write the lines."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--without", action="append", default=[], metavar="REASON")
    parser.add_argument("--candidates", action="store_true")
    options = parser.parse_args()
    path = options.out / ".c2c" / "log.sqlite"
    if not path.is_file():
        sys.exit(_NO_RUN.format(out=options.out))
    found = candidates(path) if options.candidates else bundles(path, frozenset(options.without))
    for bundle in found:
        print(json.dumps(bundle))


if __name__ == "__main__":
    main()
