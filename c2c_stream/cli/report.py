"""The end of a run: verify some rows, write the card, say what came of it."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c2c_stream.cli.exits import Exit
from c2c_stream.cli.funnel import line_of, totals
from c2c_stream.cli.progress import Progress, letters_line
from c2c_stream.cli.runfile import RunFile
from c2c_stream.evaluate.verify import Verification, verify_dataset
from c2c_stream.records import Repository
from c2c_stream.settings import Settings
from c2c_stream.sink.audit import Reason, reasons
from c2c_stream.sink.card import Counts, Facts, Verified, write_card
from c2c_stream.sink.dataset import Summary
from c2c_stream.sink.text import one_line
from c2c_stream.topics import SERVICES

VERIFY_ROWS = 50
TOP_REASONS = 6
TOP_LICENSES = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run."""

    out: Path
    progress: Progress
    summary: Summary
    verified: Verification
    seconds: float


def verify_some(settings: Settings, progress: Progress) -> Verification:
    """Execute the cases of the first rows again."""
    if not progress.read("samples"):
        return Verification()
    return verify_dataset(settings.out, rows=VERIFY_ROWS, settings=settings)


def card_of(run: RunFile, out: Path, progress: Progress, verified: Verification) -> Summary:
    """Write the card of a finished run; return what the dataset holds."""
    chosen = run.settings.items()
    facts = Facts(
        sources=tuple(_name(source) for source in run.sources),
        replayed=_replayed(run),
        books=tuple(_counts(progress, service) for service in SERVICES),
        settings={f"{s}.{name}": str(v) for s, values in chosen for name, v in values.items()},
        versions={"c2c-stream": run.version, "Python": run.python},
        verified=Verified(verified.as_recorded, verified.cases),
    )
    return write_card(out, facts)


def exit_of(progress: Progress, verified: Verification) -> Exit:
    """Return the exit code of a run that came to its end."""
    if progress.imbalances():
        return Exit.BOOKS
    if progress.open_letters():
        return Exit.DEAD_LETTERS
    if not progress.read("samples"):
        return Exit.NO_ROWS
    return Exit.DIFFERENCES if verified.differences else Exit.OK


def as_json(report: Report) -> dict[str, Any]:
    """Return the report for a machine."""
    return {
        "out": str(report.out),
        "samples": report.summary.samples,
        "cases": report.summary.cases,
        "bytes": report.summary.bytes,
        "seconds": round(report.seconds, 1),
        "stages": totals(report.progress),
        "reasons": {f"{r.stage}.{r.reason}": r.count for r in reasons(report.out)},
        "licenses": dict(report.summary.licenses),
        "dead_letters": report.progress.dead(),
        "open_dead_letters": report.progress.open_letters(),
        "imbalances": report.progress.imbalances(),
        "verified": {
            "cases": report.verified.cases,
            "as_recorded": report.verified.as_recorded,
        },
    }


def lines_of(report: Report) -> list[str]:
    """Return the report for a person."""
    summary, verified = report.summary, report.verified
    wrong = report.progress.imbalances()
    size = f"{summary.bytes / 1e6:.1f} MB, {report.seconds:.0f} s"
    licenses = ", ".join(f"{n} {k:,}" for n, k in summary.licenses[:TOP_LICENSES])
    return [
        f"{summary.samples:,} samples, {summary.cases:,} cases, {size}",
        line_of(report.progress),
        f"turned down: {_reasons(reasons(report.out))}",
        f"licences: {licenses or 'none'}",
        f"dead letters: {letters_line(report.progress)}",
        "books: balanced" if not wrong else "books: NOT BALANCED",
        *(f"  {sentence}" for sentence in wrong),
        f"verified: {verified.as_recorded:,}/{verified.cases:,} cases as recorded",
        *filter(None, [verified.by_another()]),
        "",
        *_next_steps(report),
    ]


def _next_steps(report: Report) -> list[str]:
    folder = shlex.quote(str(report.out))
    if not report.summary.samples:
        if not reasons(report.out):
            return ["no function was found: give sources that define some"]
        return [f"no function became a row: c2c rejections --out {folder} says why"]
    return [
        f"read samples:  c2c show {folder}",
        f'load it:       datasets.load_dataset({json.dumps(str(report.out))}, split="train")',
    ]


def _reasons(found: list[Reason]) -> str:
    top = [f"{one.reason} {one.count:,}" for one in found[:TOP_REASONS]]
    more = len(found) - len(top)
    others = f" and {more} other reason{'s' if more > 1 else ''}" if more > 0 else ""
    return ", ".join(top) + others or "nothing"


def _counts(progress: Progress, service: str) -> Counts:
    books = progress.books(service)
    out = progress.read("samples") if service == "sink" else books.out
    return Counts(service, books.read, out, books.rejected, books.dead, progress.waiting(service))


def _replayed(run: RunFile) -> str:
    """Return which records a replay read, for the card: nothing for a run of its own sources."""
    if run.replay is None:
        return ""
    since = f", written since {run.replay['since']}" if run.replay["since"] else ""
    return f"topic {run.replay['topic']} of the run {run.replay['run']}{since}"


def _name(source: Repository) -> str:
    """Return a source for the card: a path of this machine is nobody's business but its name."""
    if "://" in source.url or source.url.startswith("git@"):
        return one_line(source.url)
    return source.url.rstrip("/").rpartition("/")[2]
