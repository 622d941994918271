"""`c2c show` and `c2c verify`: read a dataset, and execute its cases again."""

import json
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from c2c_stream.cli.exits import Exit
from c2c_stream.cli.options import (
    BackendOption,
    JsonOption,
    PythonOption,
    RequireOption,
    sandbox_flags,
)
from c2c_stream.evaluate.verify import Verification, verify_dataset
from c2c_stream.settings import load_settings
from c2c_stream.sink.dataset import samples
from c2c_stream.sink.show import show_sample
from c2c_stream.sink.text import one_line

# A person reads some; a file takes all.
SHOWN_DIFFERENCES = 20


def show(
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset, or one shard.")],
    number: Annotated[int, typer.Option("-n", min=1, help="How many samples.")] = 3,
    skip: Annotated[int, typer.Option(min=0, help="Pass over the first so many.")] = 0,
    json_output: JsonOption = False,
) -> None:
    """Show samples as a person would read them: the prompt, the answer, the hidden cases."""
    chosen = islice(samples(dataset), skip, skip + number)
    if json_output:
        typer.echo(json.dumps([asdict(sample) for sample in chosen], indent=2))
        return
    console = Console()
    for sample in chosen:
        console.print(show_sample(sample))


def verify(
    dataset: Annotated[Path, typer.Argument(help="Folder of a dataset, or one shard.")],
    rows: Annotated[
        int | None, typer.Option(min=1, help="Only so many rows, spread over the dataset.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Jails at once; 0: one a core.")] = 0,
    backend: BackendOption = None,
    require_walls: RequireOption = None,
    python: PythonOption = None,
    json_output: JsonOption = False,
) -> None:
    """Execute the cases again, in fresh jailed interpreters under another hash seed.

    Prints the share that ends as recorded, each difference, and how many rows were made by another
    version of Python than verifies them (see --python). Exit code 7 if there is a difference.
    """
    walls = sandbox_flags(backend, require_walls, python)
    settings = load_settings(execute={"jobs": jobs}, **walls)
    found = verify_dataset(dataset, rows=rows, settings=settings)
    if json_output:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        print_verification(found, Console())
    raise typer.Exit(Exit.DIFFERENCES if found.differences else Exit.OK)


def print_verification(found: Verification, console: Console) -> None:
    """Print the share as recorded and the first differences."""
    share = found.as_recorded / found.cases if found.cases else 0.0
    console.print(
        f"verified: {found.as_recorded:,}/{found.cases:,} cases as recorded ({share:.2%})",
        highlight=False,
    )
    if found.by_another():
        console.print(found.by_another(), markup=False, highlight=False, soft_wrap=True)
    for one in found.differences[:SHOWN_DIFFERENCES]:
        line = f"  {one.entry_point}({one.arguments}): recorded {one.recorded}, now {one.found}"
        console.print(one_line(line, 200), markup=False, highlight=False)
    if len(found.differences) > SHOWN_DIFFERENCES:
        console.print(f"  and {len(found.differences) - SHOWN_DIFFERENCES:,} more; see --json")
