"""`c2c write FILE`: what each writer writes for a function, side by side. For who tunes prompts."""

import asyncio
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from c2c_stream.cli.options import JsonOption, ModelOption, ServerOption, settings_from
from c2c_stream.errors import SourceError
from c2c_stream.evaluate.writing import Compared, Written, compare, functions_in
from c2c_stream.settings import Settings, writer_of
from c2c_stream.sink.text import one_line

MAX_FUNCTIONS = 20
SHOWN_CASES = 6
SHOWN_CHARS = 100


def write(
    file: Annotated[Path, typer.Argument(help="A Python file.")],
    function: Annotated[str, typer.Option(help="Only the function of this name.")] = "",
    writer: Annotated[
        list[str] | None,
        typer.Option(help="A writer to show; repeatable. All that can work, if none is named."),
    ] = None,
    model: ModelOption = None,
    server: ServerOption = None,
    prompt: Annotated[
        Path | None, typer.Option(help="A prompt in place of ours. [C2C_MODEL__PROMPT_FILE]")
    ] = None,
    cases: Annotated[int, typer.Option(min=0, help="Cases to show of each.")] = SHOWN_CASES,
    json_output: JsonOption = False,
) -> None:
    """Show what each writer writes for the functions of a file, with coverage and cost.

    The inputs are executed as in a run: a case is one that two interpreters agree on. A prompt is
    what all functions share, a line of two percent signs, and what is each function's own, with
    $code in it; $name, $count and $found may stand there, too.
    """
    given = {"name": model, "servers": server, "prompt_file": prompt}
    chosen = {name: value for name, value in given.items() if value is not None}
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_from(None, out=Path(folder), model=chosen)
        functions, rejected = functions_in(file, function, settings)
        if not functions:
            why = "; ".join(f"{item.reason}: {item.detail}" for item in rejected[:3])
            raise SourceError(f"{file}: no function to write for{f' ({why})' if why else ''}")
        writers = writer or _able(settings)
        found = asyncio.run(compare(functions[:MAX_FUNCTIONS], writers, settings))
    if json_output:
        typer.echo(json.dumps([_as_json(one) for one in found], indent=2))
        return
    console = Console()
    for one in found:
        _show(one, cases, console)
    if len(functions) > MAX_FUNCTIONS:
        console.print(f"and {len(functions) - MAX_FUNCTIONS} more functions; see --function")


def _able(settings: Settings) -> list[str]:
    """Return the writers that the settings name a model for."""
    if writer_of(settings) == "search":
        return ["search"]
    return ["search", "openai" if settings.model.servers else "vllm", "hybrid"]


def _show(compared: Compared, cases: int, console: Console) -> None:
    console.print(f"[bold]{compared.function.qualified_name}[/bold]", highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("writer", "inputs", "cases", "values", "distinct", "edges", "tokens", "why"):
        table.add_column(name, justify="left" if name in ("writer", "why") else "right")
    for written in compared.written:
        table.add_row(*_row(written))
    console.print(table)
    for written in compared.written:
        for case in written.cases[:cases]:
            line = f"{written.writer:>7}  {case.arguments}  ->  {case.result or case.verdict}"
            console.print(one_line(line, SHOWN_CHARS), markup=False, highlight=False)
    console.print()


def _row(written: Written) -> list[str]:
    how, values = written.writing, written.values
    return [
        written.writer,
        str(how.inputs),
        str(len(written.cases)),
        str(len(values)),
        str(len(set(values))),
        f"{written.edges_covered}/{written.edges}",
        f"{how.tokens_in}+{how.tokens_out}" if how.model else "0",
        how.why or one_line(written.why_not, SHOWN_CHARS),
    ]


def _as_json(compared: Compared) -> dict[str, Any]:
    """Return one function for a machine."""
    function = compared.function
    return {
        "function": function.qualified_name,
        "line": function.line,
        "writers": [asdict(written) for written in compared.written],
    }
