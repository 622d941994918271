"""Records a CPU second that the codec encodes and decodes: one function of typical size.

`python benchmarks/codec.py`: both framings in turns, the median round is printed. What a registry
changes is the header alone: nothing is asked for a schema that is known.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from c2c_stream.avro import text_of
from c2c_stream.codec import Codec
from c2c_stream.records import RECORDS, Function, Origin, Parameter, Record

CODE = "def scale(values, factor=2):\n    return [value * factor for value in values]\n" * 10
RECORD = Function(
    function_id="0" * 32,
    occurrence_id="1" * 32,
    file_id="2" * 32,
    origin=Origin("https://example.org/a/b", "3" * 40, "pkg/module.py", "4" * 40),
    qualified_name="scale",
    entry_point="scale",
    parameters=tuple(Parameter(name, "positional_or_keyword") for name in ("values", "factor")),
    code=CODE,
    imports=("math", "itertools"),
)


class Known:
    """A registry that has all schemas, and never has to be asked twice."""

    def ids(self) -> dict[type[Record], int]:
        """See codec.Registry."""
        return {record: number for number, record in enumerate(RECORDS, 1)}

    def schema(self, schema_id: int) -> str:
        """See codec.Registry."""
        return text_of(RECORDS[schema_id - 1])


def rate(call: Callable[[], object], number: int) -> float:
    """Return calls per second of this process's CPU time: what others do meanwhile counts less."""
    began = time.process_time()
    for _ in range(number):
        call()
    return number / (time.process_time() - began)


def main() -> None:
    """Print the rates of both directions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    plain, framed = Codec(), Codec(registry=Known())
    value, other = plain.encode(RECORD), framed.encode(RECORD)
    calls = {
        "encode": lambda: plain.encode(RECORD),
        "encode with a registry": lambda: framed.encode(RECORD),
        "decode": lambda: plain.decode(value),
        "decode with a registry": lambda: framed.decode(other),
    }
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.rounds):
        for name, call in calls.items():
            rates[name].append(rate(call, options.number))
    for name, found in rates.items():
        print(f"{name}: {statistics.median(found):,.0f} records per CPU second, {len(value)} bytes")


if __name__ == "__main__":
    main()
