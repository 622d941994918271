"""Chooses the cases that stand in a prompt: the ones that say most. Pure and deterministic."""

from collections import Counter
from collections.abc import Iterable, Sequence

from c2c_stream.format.calls import call_key
from c2c_stream.records import Case, Parameter

VALUE = "value"


def distinct_calls(parameters: Sequence[Parameter], cases: Iterable[Case]) -> list[Case]:
    """Return `cases` without those whose arguments equal an earlier one's."""
    first: dict[str, Case] = {}
    for case in cases:
        first.setdefault(call_key(parameters, case.arguments), case)
    return list(first.values())


def by_information(cases: Sequence[Case]) -> list[Case]:
    """Return `cases` so that each prefix says as much as its length allows.

    Outcomes not yet seen come first, among them in the order written: a writer puts those inputs
    first that reach new code. The last case of an outcome that occurs more than once comes at the
    very end, so that what is hidden does not all end alike.
    """
    occurs = Counter(_outcome(case) for case in cases)
    seen: Counter[tuple[str, str, str]] = Counter()
    keys: list[tuple[bool, int, int]] = []
    for index, case in enumerate(cases):
        outcome = _outcome(case)
        turn = seen[outcome]
        last = 1 < occurs[outcome] == turn + 1
        keys.append((last, turn, index))
        seen[outcome] += 1
    return [cases[index] for _, _, index in sorted(keys)]


def most_visible(cases: int, fewest: int, most: int) -> int:
    """Return how many of `cases` may be shown: half, within the bounds; one is always hidden."""
    return max(1, min(most, max(fewest, cases // 2), cases - 1))


def tells(case: Case, code: str) -> bool:
    """Tell whether a case spells out the answer, as a program that prints itself does."""
    answer = code.strip()
    spelled = (answer, repr(answer)[1:-1])
    texts = (case.arguments, case.result, case.printed)
    return bool(answer) and any(form in text for form in spelled for text in texts)


def _outcome(case: Case) -> tuple[str, str, str]:
    """Return what makes an outcome new: a value, or the type of an exception; what is printed."""
    if case.verdict == VALUE:
        return VALUE, case.result, case.printed
    return case.verdict, case.result.partition(":")[0], case.printed
