"""`c2c dead-letters`: see what failed for good, put it back where it stood, or let it go."""

import json
from contextlib import closing
from itertools import islice
from typing import Annotated

import typer
from rich.console import Console

from c2c_stream.broker.run import SETTLER, RunLog
from c2c_stream.cli import codecs
from c2c_stream.cli.brokers import find_run, title_of
from c2c_stream.cli.choosing import (
    Error,
    Ids,
    Since,
    Stage,
    Until,
    choice_of,
    settings_for,
)
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.letters import (
    complain,
    counts_as_json,
    letter_as_json,
    print_counts,
    print_line,
    print_list,
    print_rest,
)
from c2c_stream.cli.options import BrokerOption, JsonOption, OutOption, PropertyOption, RunOption
from c2c_stream.codec import Codec
from c2c_stream.engine.letters import DROPPED, REPLAYED, Choice, counts_of
from c2c_stream.engine.settling import Plan, carry_out, desk_of, plan
from c2c_stream.settings import Settings
from c2c_stream.sink.show import show_dead_letter

HELP = """See what failed for good, put it back where it stood, or let it go.

A dead letter is a record on which a stage failed: its bytes, the error, the place where it stood.
It stays on the topic `dead-letters` of its run, and is read there, on the local log as on Kafka
(OUT/audit has a copy). Nothing can be deleted from a topic: what was done about a letter is a
settlement, a record of its own, and a letter that has one is settled. Options that choose letters
add up; the run is chosen as by `c2c status`.
"""

Execute = Annotated[bool, typer.Option("--execute", help="Do it; without, only show it.")]
Number = Annotated[int, typer.Option("-n", min=1, help="At most so many.")]

dead_letters = typer.Typer(help=HELP, no_args_is_help=True)


@dead_letters.command("list")
def list_letters(
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    stage: Stage = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    ids: Ids = None,
    settled: Annotated[
        bool, typer.Option("--settled/--open", help="Settled ones, or open ones.")
    ] = False,
    number: Number = 1000,
    json_output: JsonOption = False,
    properties: PropertyOption = None,
) -> None:
    """List dead letters: how many by stage and error, then where each stood and why it failed."""
    choice = choice_of(stage, error, since, until, ids, settled=settled)
    settings = settings_for(out, broker, run, properties)
    with closing(find_run(settings)) as log:
        desk = desk_of(log, codecs.patiently(settings))
        counts = counts_of(desk.letters(choice))
        shown = islice(desk.letters(choice), number)
        if json_output:
            found = {
                "counts": counts_as_json(counts),
                "letters": [letter_as_json(one) for one in shown],
            }
            typer.echo(json.dumps(found, indent=2))
            return
        _say_which(settings, json_output)
        console = Console()
        print_counts(console, counts, "settled" if settled else "open")
        print_list(console, shown)
        print_rest(console, counts, number)


@dead_letters.command("show")
def show_letters(
    place: Annotated[
        str | None, typer.Argument(help="Its place, files[0]@17, or an id in it; else by options.")
    ] = None,
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    stage: Stage = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    ids: Ids = None,
    number: Number = 20,
    json_output: JsonOption = False,
    properties: PropertyOption = None,
) -> None:
    """Show dead letters whole, open and settled ones: error, key, headers, the head of the bytes.

    Exit code 9 if there is none such.
    """
    wanted = [*(ids or []), *([place] if place else [])]
    choice = choice_of(stage, error, since, until, wanted, settled=None)
    settings = settings_for(out, broker, run, properties)
    with closing(find_run(settings)) as log:
        desk = desk_of(log, codecs.patiently(settings))
        counts = counts_of(desk.letters(choice))
        found = islice(desk.letters(choice), number)
        _say_which(settings, json_output)
        if not counts:
            where = f" at {place}" if place else " that these options choose"
            complain(f"no dead letter{where}; c2c dead-letters list shows all of them")
            raise typer.Exit(Exit.NOT_FOUND)
        if json_output:
            typer.echo(json.dumps([letter_as_json(one) for one in found], indent=2))
            return
        console = Console()
        if counts.total() > 1:
            print_counts(console, counts, "")
        for one in found:
            console.print(show_dead_letter(one))
        print_rest(console, counts, number)


@dead_letters.command()
def replay(
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    stage: Stage = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    ids: Ids = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Settled ones, too: what was replayed comes twice."),
    ] = False,
    stop_at_first_error: Annotated[
        bool,
        typer.Option(
            "--stop-at-first-error",
            help="Stop before the first one that cannot go back.",
        ),
    ] = False,
    execute: Execute = False,
    json_output: JsonOption = False,
    properties: PropertyOption = None,
) -> None:
    """Put records back on the topic where they stood, byte for byte, for their stage to try again.

    Mend the cause first. Each record goes back in one transaction with its settlement: whatever is
    killed when, none goes back twice. Then the same `c2c run` command, or the services that are up,
    go on with them. A letter of which only the head was kept cannot go back: exit code 5.
    """
    choice = choice_of(stage, error, since, until, ids, settled=None if again else False)
    settings = settings_for(out, broker, run, properties)
    with closing(find_run(settings)) as log:
        codec = codecs.patiently(settings)
        _say_which(settings, json_output)
        _settle(log, codec, choice, REPLAYED, execute, json_output, stop=stop_at_first_error)


@dead_letters.command()
def drop(
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    stage: Stage = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    ids: Ids = None,
    execute: Execute = False,
    json_output: JsonOption = False,
    properties: PropertyOption = None,
) -> None:
    """Settle dead letters without trying them again; `list --settled` still shows them.

    A run whose dead letters are all settled ends with exit code 0 again.
    """
    choice = choice_of(stage, error, since, until, ids, settled=False)
    settings = settings_for(out, broker, run, properties)
    with closing(find_run(settings)) as log:
        codec = codecs.patiently(settings)
        _say_which(settings, json_output)
        _settle(log, codec, choice, DROPPED, execute, json_output, stop=False)


def _say_which(settings: Settings, json_output: bool) -> None:
    if not json_output:
        print_line(Console(), title_of(settings))


def _settle(
    log: RunLog,
    codec: Codec,
    choice: Choice,
    action: str,
    execute: bool,
    json_output: bool,
    *,
    stop: bool,
) -> None:
    """Count what is chosen, then settle exactly that, unless it is only to be shown."""
    if execute:
        with closing(log.feeder(SETTLER)) as feeder:
            # From here on nobody else settles any.
            desk = desk_of(log, codec)
            wanted = plan(desk, choice, action, stop_at_first_error=stop)
            _announce(wanted, json_output)
            done = sum(carry_out(wanted, desk, feeder))
    else:
        wanted, done = plan(desk_of(log, codec), choice, action, stop_at_first_error=stop), 0
        _announce(wanted, json_output)
    _conclude(wanted, execute, done, json_output)
    raise typer.Exit(Exit.DEAD_LETTERS if wanted.refused else Exit.OK)


def _announce(wanted: Plan, json_output: bool) -> None:
    if not json_output:
        console = Console()
        print_counts(console, wanted.counts, f"to be {wanted.action}")
        for place, why in wanted.refused:
            print_line(console, f"{place} cannot be {wanted.action}: {why}")


def _conclude(wanted: Plan, execute: bool, done: int, json_output: bool) -> None:
    if json_output:
        refused = [{"place": place, "why": why} for place, why in wanted.refused]
        told = {"action": wanted.action, "executed": execute, "settled": done}
        typer.echo(
            json.dumps(
                told | {"counts": counts_as_json(wanted.counts), "refused": refused}, indent=2
            )
        )
    elif execute:
        print_line(Console(), f"{done:,} {wanted.action}")
    elif wanted.counts:
        print_line(Console(), "nothing was done: the same with --execute does it")
