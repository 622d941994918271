"""Shows a sample and a dead letter as a person would read them. Nothing in them is obeyed."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from c2c_stream.engine.letters import Letter
from c2c_stream.records import Sample, SampleCase
from c2c_stream.sink.text import one_line, plain

MAX_SHOWN_BYTES = 512


def show_sample(sample: Sample) -> RenderableType:
    """Return a sample: where it is from, its prompt, its answer, its hidden cases."""
    title = f"{sample.path}:{sample.line} {sample.entry_point}"
    about = f"{sample.id}\n{sample.repository} {sample.commit[:12]}\nlicence {sample.license}"
    return Panel(
        Group(
            Text(plain(about), style="dim"),
            Panel(Text(plain(sample.prompt)), title="prompt", title_align="left"),
            Panel(
                Syntax(plain(sample.code), "python", word_wrap=True),
                title="answer",
                title_align="left",
            ),
            _cases(sample.hidden_cases),
        ),
        title=Text(one_line(title), style="bold"),
        title_align="left",
    )


def show_dead_letter(letter: Letter) -> RenderableType:
    """Return a dead letter: what failed, where, why, what was done, and the head of its bytes."""
    dead = letter.dead
    rows = {
        "place": letter.place,
        "settled": letter.action or "no",
        "stage": dead.stage,
        "error": dead.error,
        "reason": dead.reason,
        "attempt": str(dead.attempt),
        "key": repr(dead.key),
        "value": f"{dead.value_bytes} bytes, BLAKE2b-128 {dead.value_hash}",
        "begins": repr(dead.value[:MAX_SHOWN_BYTES]),
    }
    rows |= {f"header {header.name}": repr(header.value) for header in dead.headers}
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(plain(name), style="bold"), Text(plain(value)))
    return table


def _cases(cases: Sequence[SampleCase]) -> RenderableType:
    table = Table("arguments", "", "result", title=f"{len(cases)} hidden cases", expand=True)
    for case in cases:
        sign = "→" if case.outcome == "value" else "raises"
        result = Text(plain(case.result))
        if case.printed:
            result.append(f"\nprints {case.printed!r}", style="dim")
        table.add_row(Text(plain(case.arguments)), sign, result)
    return table
