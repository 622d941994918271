"""`c2c rejections` and `c2c explain`: what was turned down, and why."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from c2c_stream.cli.choosing import folder_for
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.options import JsonOption, OutOption
from c2c_stream.cli.tables import is_whole, print_table
from c2c_stream.errors import SettingsError, SourceError
from c2c_stream.reasons import meaning_of
from c2c_stream.sink import audit
from c2c_stream.sink.explain import Ambiguous
from c2c_stream.sink.explain import explain as explanation_of
from c2c_stream.sink.text import one_line
from c2c_stream.topics import SERVICES


def rejections(
    out: OutOption = None,
    stage: Annotated[str | None, typer.Option(help="Only of this stage.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only for this reason.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List every item.")] = False,
    number: Annotated[int, typer.Option("-n", min=1, help="With --list: at most so many.")] = 1000,
    json_output: JsonOption = False,
) -> None:
    """Show what the rules turned down: a line a reason with one example, or every item."""
    folder = folder_for(out)
    if stage and stage not in SERVICES:
        raise SettingsError(f"unknown stage {stage!r}; one of: {', '.join(SERVICES)}")
    if listed:
        _list_rejections(folder, stage, reason, number, json_output=json_output)
        return
    found = audit.reasons(folder, stage, reason)
    if json_output:
        typer.echo(json.dumps([_reason(one) for one in found], indent=2))
        return
    if not found:
        Console().print("nothing was turned down" + (" there" if stage or reason else ""))
        return
    print_reasons(Console(), found)


def print_reasons(console: Console, found: Sequence[audit.Reason]) -> None:
    """Print a line a reason; its example, to be given to `c2c explain`, is never cut or folded."""
    table = _table("stage", "reason", "items", "meaning", "for example")
    short = _table("stage", "reason", "items", "meaning")
    for one in found:
        row = (one.stage, _text(one.reason), f"{one.count:,}", meaning_of(one.reason))
        table.add_row(*row, _text(str(one.example)))
        short.add_row(*row)
    if is_whole(console, table):
        print_table(console, table)
        return
    print_table(console, short)
    console.print("\nfor example:", style="bold")
    for one in found:
        line = f"{one.stage} {one_line(one.reason)}: {one_line(str(one.example))}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def explain(
    query: Annotated[str, typer.Argument(help="An id, the start of one, or PATH::NAME.")],
    out: OutOption = None,
    json_output: JsonOption = False,
) -> None:
    """Tell all that happened to one function, from its file to a sample or a rejection.

    Name it as `statistics.py::median`, by its id, or by the start of its id. Exit code 9 if nothing
    is called so, or if several are.
    """
    try:
        found = explanation_of(folder_for(out), query)
    except SourceError as error:
        _complain(error)
        raise typer.Exit(Exit.NOT_FOUND) from error
    if json_output:
        typer.echo(json.dumps(asdict(found), indent=2))
    elif isinstance(found, Ambiguous):
        _print_ambiguous(query, found)
    else:
        console = Console()
        console.print(_text(found.title), style="bold")
        console.print(_text(found.id), style="dim")
        table = _table("stage", "", "")
        for step in found.steps:
            table.add_row(step.stage, step.result, _text(step.text))
        print_table(console, table)
    if isinstance(found, Ambiguous):
        raise typer.Exit(Exit.NOT_FOUND)


def _list_rejections(
    out: Path, stage: str | None, reason: str | None, number: int, *, json_output: bool
) -> None:
    found = islice(audit.rejections(out, stage, reason), number)
    if json_output:
        for one in found:
            typer.echo(json.dumps(_rejected(one)))
        return
    console = Console()
    for one in found:
        detail = f": {one_line(one.item.detail)}" if one.item.detail else ""
        line = f"{one_line(str(one))}:{one.item.line} {one.item.reason}{detail}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _complain(error: SourceError) -> None:
    console = Console(stderr=True)
    console.print(f"c2c: {error}", markup=False, highlight=False, soft_wrap=True)


def _print_ambiguous(query: str, found: Ambiguous) -> None:
    console = Console(stderr=True)
    console.print(f"{query!r} may be:", markup=False, highlight=False)
    for identity, title in found.candidates:
        console.print(f"  {identity}  {one_line(title)}", markup=False, highlight=False)
    if found.more:
        console.print(f"  and {found.more} more")


def _reason(one: audit.Reason) -> dict[str, Any]:
    return {
        "stage": one.stage,
        "reason": one.reason,
        "meaning": meaning_of(one.reason),
        "items": one.count,
        "example": _rejected(one.example),
    }


def _rejected(one: audit.Rejected) -> dict[str, Any]:
    about = {"stage": one.stage, "repository": one.repository, "commit": one.commit}
    return about | asdict(one.item)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, header_style="bold")


def _text(text: str) -> Text:
    """Return hostile text as one harmless line."""
    return Text(one_line(text))
