"""Tables: whole where no terminal is, since a file or another program reads them."""

from io import StringIO

from rich.console import Console
from rich.table import Table

# Wider than any line that we print.
UNBOUNDED = 100_000


def is_whole(console: Console, table: Table) -> bool:
    """Say whether each row of a table is one line."""
    options = console.options.update(max_width=UNBOUNDED)
    widest = console.measure(table, options=options).maximum
    return not console.is_terminal or widest <= console.width


def print_table(console: Console, table: Table) -> None:
    """Print a table: a line a row, unless a terminal has not the room."""
    if console.is_terminal:
        console.print(table)
        return
    wide = Console(file=StringIO(), width=UNBOUNDED, color_system=None)
    with wide.capture() as captured:
        wide.print(table)
    for line in captured.get().splitlines():
        console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)
