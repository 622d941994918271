"""The dataset's card, README.md: what it is, how it came to be, how to load and verify it.

The same facts make the same card: no clock, no machine. Text from a source is never markup.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from c2c_stream.sink.audit import Reason, reasons
from c2c_stream.sink.columns import SAMPLES
from c2c_stream.sink.dataset import Summary, summarise
from c2c_stream.sink.front_matter import front_matter
from c2c_stream.sink.manifest import load_all
from c2c_stream.sink.store import Store
from c2c_stream.sink.text import cell

NAME = "README.md"
BAR = 30


@dataclass(frozen=True, slots=True)
class Counts:
    """The books of one stage: records read and dead, items out and rejected, records waiting."""

    stage: str
    read: int = 0
    out: int = 0
    rejected: int = 0
    dead: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Verified:
    """How many of the cases that were executed again ended as recorded."""

    as_recorded: int
    cases: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What the card tells beyond the files: all of it given by the run."""

    name: str = "c2c-stream dataset"
    sources: tuple[str, ...] = ()
    replayed: str = ""
    books: tuple[Counts, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    verified: Verified | None = None


def write_card(
    out: Path, facts: Facts, layout: str | None = None, store: Store | None = None
) -> Summary:
    """Write the card of the dataset under `out`; return what the dataset holds."""
    summary = summarise(out)
    text = render_card(facts, summary, reasons(out), layout or _layout_of(out))
    (store or Store(out)).write_text(NAME, text)
    return summary


def _layout_of(out: Path) -> str:
    """Return the layout of the dataset under `out`; one that has no rows yet has none."""
    return next((m.layout for m in load_all(out) if m.topic == "samples"), "completion")


def render_card(
    facts: Facts, summary: Summary, rejected: Sequence[Reason], layout: str = "completion"
) -> str:
    """Return the card's Markdown."""
    parts = [
        front_matter(facts.name, summary, layout),
        f"# {cell(facts.name)}",
        _intro(facts, summary),
        _numbers(summary, facts.verified),
        _use(layout),
        _funnel(facts.books),
        _rejections(rejected),
        _table("Licences", ("licence", "samples"), summary.licenses),
        _table("Columns", ("column", "meaning"), _columns(layout)),
        _table("Settings", ("setting", "value"), sorted(facts.settings.items())),
        _table("Versions", ("part", "version"), _versions(facts, summary)),
        _limits(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _intro(facts: Facts, summary: Summary) -> str:
    text = (
        "Each row asks for a Python function and shows some of its calls; the answer is real code "
        "from a repository, together with what it needs to run alone. Every case was executed, "
        "twice, in two interpreters; only those on which both agree are here. The hidden cases "
        "are calls that the prompt does not show: they score an answer."
    )
    if not summary.samples:
        text += "\n\n**There is no row yet.**"
    if facts.replayed:
        text += f"\n\nA replay by c2c-stream: {cell(facts.replayed)}."
    if facts.sources:
        who = "That run was made" if facts.replayed else "Made by c2c-stream"
        text += f"\n\n{who} from:\n\n"
        text += "\n".join(f"- {cell(source)}" for source in facts.sources)
    return text


def _numbers(summary: Summary, verified: Verified | None) -> str:
    rows = [
        ("samples", f"{summary.samples:,}"),
        ("cases", f"{summary.cases:,}"),
        ("cases in the prompts", f"{summary.visible:,}"),
        ("hidden cases", f"{summary.hidden:,}"),
        ("cases that end in an exception", f"{summary.exceptions:,}"),
        ("bytes on disk", f"{summary.bytes:,}"),
    ]
    if verified:
        said = f"{verified.as_recorded:,} of {verified.cases:,} as recorded"
        rows.append(("cases executed again", said))
    return _table("In numbers", ("", ""), rows)


def _use(layout: str) -> str:
    shown = 'rows[0]["messages"]' if layout == "chat" else 'rows[0]["prompt"]'
    return (
        "## Load it, verify it\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        f'rows = load_dataset("path/of/this/folder", split="train")\nprint({shown})\n```\n\n'
        "```sh\nc2c show path/of/this/folder      # read some samples\n"
        "c2c verify path/of/this/folder    # execute the cases again, jailed\n"
        "c2c explain --out path/of/this/folder statistics.py::median\n```"
    )


def _funnel(books: Sequence[Counts]) -> str:
    if not books:
        return ""
    bars = "\n".join(_bar(counts) for counts in books if counts.out + counts.rejected)
    rows = [
        (c.stage, *(f"{n:,}" for n in (c.read, c.out, c.rejected, c.dead, c.waiting)))
        for c in books
    ]
    head = ("stage", "read", "out", "rejected", "dead", "waiting")
    return f"{_table('Funnel', head, rows)}\n\n```text\n{bars}\n```"


def _bar(counts: Counts) -> str:
    """Return one stage's line: the share of what it found that it passed on."""
    found = counts.out + counts.rejected
    share = counts.out / found
    filled = round(share * BAR)
    bar = "█" * filled + "░" * (BAR - filled)
    return f"{counts.stage:<10} {bar} {share:>6.1%}  {found:>9,} -> {counts.out:,}"


def _rejections(rejected: Sequence[Reason]) -> str:
    rows = [(r.stage, r.reason, f"{r.count:,}", str(r.example)) for r in rejected]
    return _table("Rejections", ("stage", "reason", "items", "for example"), rows)


def _versions(facts: Facts, summary: Summary) -> list[tuple[str, str]]:
    executed = [("Python of the cases", f"{name}: {n:,} samples") for name, n in summary.pythons]
    written = [("writer of the inputs", f"{name}: {n:,} samples") for name, n in summary.writers]
    return [*sorted(facts.versions.items()), *executed, *written]


def _limits() -> str:
    return (
        "## What to know before you use it\n\n"
        "- The code belongs to its authors: `license`, `repository`, `path` and `commit` stand in "
        "every row; `unknown` means that no licence was found, not that there is none.\n"
        "- A result is what one version of Python said (`runtime`); a few differ in another one.\n"
        "- `audit/` holds what was rejected and what failed; it is no part of the data."
    )


@cache
def _schema_docs() -> dict[str, str]:
    text = files("c2c_stream.schemas").joinpath("c2c.Sample.avsc").read_text("utf-8")
    return {one["name"]: one["doc"] for one in json.loads(text)["fields"]}


def _columns(layout: str) -> list[tuple[str, str]]:
    docs = _schema_docs() | {"messages": "The prompt and its completion, as a chat."}
    return [(name, docs[name]) for name in SAMPLES[layout].names]


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str | int]]) -> str:
    if not rows:
        return ""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(_cell(value) for value in row)} |" for row in rows]
    return f"## {title}\n\n" + "\n".join(lines)


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else cell(value)
