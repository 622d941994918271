"""Dead letters as `c2c dead-letters` prints them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from c2c_stream.cli.tables import print_table
from c2c_stream.engine.letters import Letter
from c2c_stream.sink.text import one_line

# Of a line that is printed: reasons may be long.
LONGEST = 2000


def print_counts(console: Console, counts: Counter[tuple[str, str]], what: str) -> None:
    """Print how many there are, by stage and error."""
    total = counts.total()
    noun = "dead letter" if total == 1 else "dead letters"
    parts = [f"{n:,} {stage} {error}" for (stage, error), n in sorted(counts.items())]
    said = f": {', '.join(parts)}" if parts else ""
    print_line(
        console, " ".join(filter(None, [f"{total:,}" if total else "no", noun, what])) + said
    )


def print_list(console: Console, letters: Iterable[Letter]) -> None:
    """Print a line a letter."""
    table = Table("place", "stage", "error", "at", "", "reason", box=None, pad_edge=False)
    table.header_style = "bold"
    for one in letters:
        at = datetime.fromtimestamp(one.produced_at, UTC).isoformat(timespec="seconds")
        reason = one_line(one.dead.reason)
        cells = [one.place, one.dead.stage, one.dead.error, at, one.action, reason]
        table.add_row(*map(Text, cells))
    if table.row_count:
        print_table(console, table)


def print_rest(console: Console, counts: Counter[tuple[str, str]], number: int) -> None:
    """Print how many more there are than were asked for."""
    if counts.total() > number:
        print_line(console, f"and {counts.total() - number:,} more; see -n")


def print_line(console: Console, line: str) -> None:
    """Print hostile text as one harmless line."""
    console.print(one_line(line, LONGEST), markup=False, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """Print what is wrong."""
    print_line(Console(stderr=True), f"c2c: {sentence}")


def counts_as_json(counts: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the counts for JSON."""
    return [
        {"stage": stage, "error": error, "letters": number}
        for (stage, error), number in sorted(counts.items())
    ]


def letter_as_json(one: Letter) -> dict[str, Any]:
    """Return a dead letter for JSON; bytes as hex."""
    fields = asdict(one.dead)
    fields["key"], fields["value"] = one.dead.key.hex(), one.dead.value.hex()
    fields["headers"] = {header.name: header.value.hex() for header in one.dead.headers}
    at = datetime.fromtimestamp(one.produced_at, UTC).isoformat()
    return {"place": one.place, "action": one.action, "at": at} | fields
