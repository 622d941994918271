"""`c2c top`: the live funnel of a run that goes on elsewhere."""

import io
import re
from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console, Group

from c2c_stream.cli.brokers import find_run, title_of
from c2c_stream.cli.choosing import settings_for
from c2c_stream.cli.funnel import Funnel
from c2c_stream.cli.options import BrokerOption, OutOption, PropertyOption, RunOption
from c2c_stream.cli.progress import Progress, letters_line, progress_of
from c2c_stream.cli.supervisor import Interrupted, interrupt_on_signals, interruptible, pause
from c2c_stream.engine.clock import SystemClock
from c2c_stream.errors import SettingsError

WIDTH: Final = 80
# Fetched from elsewhere by whoever looks at the picture; without it, any monospaced font does.
_FONTS: Final = re.compile(r"@font-face \{[^}]*\}\s*")


def top(
    out: OutOption = None,
    broker: BrokerOption = None,
    run: RunOption = None,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between looks.")] = 1.0,
    picture: Annotated[
        Path | None, typer.Option(help="FILE.svg: what each look shows, as a picture.")
    ] = None,
    properties: PropertyOption = None,
) -> None:
    """Watch a run live, from any machine that reaches its broker, until Ctrl-C or SIGTERM.

    A row a stage: what it read, put out, rejected and lost, its records a second over the last 20
    looks, and what waits for it. Below it the dead letters, and whatever is not accounted for.
    Without a terminal it is one line every 10 s.

    The run is named as for `c2c status`. Only looks: it takes no seat in any group.
    """
    settings = settings_for(out, broker, run, properties)
    console, clock = Console(), SystemClock()
    with closing(find_run(settings)) as log:
        progress = progress_of(log)
        funnel = Funnel(console, idle="nothing waits")
        interrupt_on_signals()
        try:
            with funnel, interruptible():
                while True:
                    notes = [title_of(settings), *_notes(progress)]
                    funnel.look(clock.now(), progress, notes)
                    if picture:
                        _draw(picture, funnel.view())
                    pause(every)
                    progress = progress_of(log)
        except Interrupted:
            if console.is_terminal:
                console.print(funnel.view())


def _notes(progress: Progress) -> list[str]:
    wrong = progress.imbalances() or ["books: balanced"]
    return [f"dead letters: {letters_line(progress)}", *wrong]


def _draw(path: Path, view: Group) -> None:
    """Put a view into an SVG file that names nothing outside of it. Raises SettingsError."""
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True)
    console.print(view)
    drawn = _FONTS.sub("", console.export_svg(title="c2c top"))
    rough = path.with_name(f"{path.name}.tmp")
    try:
        rough.write_text(drawn, encoding="utf-8")
        rough.replace(path)
    except OSError as error:
        raise SettingsError(f"--picture {path}: {error.strerror or error}") from error
