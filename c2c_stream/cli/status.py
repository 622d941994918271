"""`c2c status`: the books of a run, and whether they balance."""

import json

import typer
from rich.console import Console
from rich.table import Table

from c2c_stream.cli.brokers import address_of, find_run, title_of
from c2c_stream.cli.choosing import settings_for
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.funnel import totals
from c2c_stream.cli.letters import print_line
from c2c_stream.cli.options import BrokerOption, JsonOption, OutOption, PropertyOption, RunOption
from c2c_stream.cli.progress import Progress, letters_line, progress_of
from c2c_stream.settings import Settings

COLUMNS = ("read", "processed", "dead", "found", "out", "rejected", "waiting", "replayed")


def status(
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    json_output: JsonOption = False,
    properties: PropertyOption = None,
) -> None:
    """Show what every stage read, put out, rejected and lost, and whether the books balance.

    The run is the one that --broker and --run name; else the one in --out; else the one that the
    environment names (C2C_BROKER, C2C_RUN); else the one in C2C_OUT, or in c2c-out.

    read = processed + dead, found = out + rejected, and what a stage put out together with what
    was replayed to the next is what the next has read and what waits for it. Exit code 6 if they
    do not.
    """
    settings = settings_for(out, broker, run, properties)
    progress = progress_of_run(settings)
    wrong = progress.imbalances()
    if json_output:
        about = {"run": settings.run, "broker": address_of(settings)}
        letters = {"dead_letters": progress.dead(), "open_dead_letters": progress.open_letters()}
        found = {**about, "stages": totals(progress), **letters, "imbalances": wrong}
        typer.echo(json.dumps(found, indent=2))
    else:
        console = Console()
        print_line(console, title_of(settings))
        console.print(table_of(progress))
        console.print(f"dead letters: {letters_line(progress)}", highlight=False)
        console.print("\n".join(wrong) if wrong else "books: balanced", highlight=False)
    raise typer.Exit(Exit.BOOKS if wrong else Exit.OK)


def progress_of_run(settings: Settings) -> Progress:
    """Return where a run stands. Raises SettingsError if its log is gone."""
    run = find_run(settings)
    try:
        return progress_of(run)
    finally:
        run.close()


def table_of(progress: Progress) -> Table:
    """Return the books as a table."""
    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for stage, books in totals(progress).items():
        table.add_row(stage, *(f"{books[name]:,}" for name in COLUMNS))
    return table
