"""A report as lines of a table."""

from collections import Counter
from collections.abc import Iterator

from tests.kafka.chaos.plan import SIGKILL, SIGSTOP, SIGTERM
from tests.kafka.chaos.run import Report

SIGNALS = (SIGKILL, SIGTERM, SIGSTOP)


def lines_of(report: Report) -> Iterator[str]:
    """Yield the lines of a report."""
    yield f"{'target':12}{''.join(f'{name:>9}' for name in SIGNALS)}{'kills':>8}"
    targets = dict.fromkeys(target for target, _ in sorted(report.kills))
    for target in targets:
        counts = [report.kills[target, name] for name in SIGNALS]
        yield f"{target:12}{''.join(f'{n:9}' for n in counts)}{sum(counts):8}"
    totals = [sum(report.kills[target, name] for target in targets) for name in SIGNALS]
    yield f"{'all':12}{''.join(f'{n:9}' for n in totals)}{sum(totals):8}"
    verdict = report.verdict
    yield ""
    for name, value in (
        ("seed", report.options.seed),
        ("functions", report.functions),
        ("samples", verdict.counts["samples"]),
        ("rejections", sum(books["rejected"] for books in report.books.values())),
        ("dead letters", verdict.dead),
        ("lost", verdict.lost),
        ("doubled", verdict.doubled),
        ("strange", verdict.strange),
        ("zombies evicted", report.evicted),
        ("restarts", report.restarts),
        ("kills a quarter", " ".join(map(str, quarters(report)))),
        ("gave up by themselves", report.gave_up.total()),
        ("books", "balanced" if not report.faults else "see below"),
        ("minutes", f"{report.seconds / 60:.1f}"),
    ):
        yield f"{name:22}{value:>12}"
    yield from (f"WRONG: {fault}" for fault in report.faults)


def quarters(report: Report) -> list[int]:
    """Return the number of kills in each quarter of the work."""
    found = Counter(min(3, int(4 * moment)) for moment in report.moments)
    return [found[n] for n in range(4)]
