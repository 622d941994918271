"""The formatter's door: one Cases in, one Sample or one rejection out. Same cases, same sample."""

from collections.abc import Iterable, Sequence
from random import Random

from c2c_stream.engine.stage import Outcome, turned_down
from c2c_stream.format.choose import VALUE, by_information, distinct_calls, most_visible, tells
from c2c_stream.format.fence import fenced
from c2c_stream.format.prompt import Layout, draw_layout, write_prompt
from c2c_stream.reasons import Reason
from c2c_stream.records import Case, Cases, Sample, SampleCase
from c2c_stream.settings import FormatSettings

TASK = "case2code"
MIN_VALUES = 3
MIN_OUTCOMES = 2


class Formatter:
    """Makes samples. Keeps nothing between records."""

    def __init__(self, settings: FormatSettings) -> None:
        self._settings = settings

    def start(self) -> None:
        """Nothing to build."""

    def stop(self) -> None:
        """Nothing to release."""

    def process(self, records: Sequence[Cases]) -> Sequence[Outcome | Exception]:
        """Return one outcome for each record, in order."""
        return [self._one(record) for record in records]

    def _one(self, record: Cases) -> Outcome:
        cases = distinct_calls(record.function.parameters, record.cases)
        values = sum(case.verdict == VALUE for case in cases)
        if values < MIN_VALUES:
            return turned_down(
                record.function, Reason.TOO_FEW_CASES, f"{values} values, {MIN_VALUES} are needed"
            )
        if len({(case.verdict, case.result, case.printed) for case in cases}) < MIN_OUTCOMES:
            return turned_down(
                record.function, Reason.CONSTANT, f"all {len(cases)} cases end alike"
            )
        return self._format(record, cases)

    def _format(self, record: Cases, cases: Sequence[Case]) -> Outcome:
        rng = _rng(record.function.function_id)
        layout = draw_layout(rng)
        fewest = most_visible(len(cases), self._settings.min_visible, self._settings.min_visible)
        most = most_visible(len(cases), self._settings.min_visible, self._settings.max_visible)
        ranked = [c for c in by_information(cases) if not tells(c, record.function.code)]
        if len(ranked) < fewest:
            return turned_down(
                record.function, Reason.TELLS_ANSWER, "too many cases spell out the function's code"
            )
        visible = ranked[: rng.randint(fewest, most)]
        fitting = self._fit(record, layout, visible, ranked, fewest)
        if fitting is None:
            limit = self._settings.max_prompt_chars
            return turned_down(
                record.function, Reason.PROMPT_TOO_LONG, f"{fewest} cases do not fit in {limit}"
            )
        rng.shuffle(fitting)
        hidden = [case for case in cases if case not in fitting]
        prompt = write_prompt(layout, record.function, fitting)
        return Outcome(outputs=(_sample(record, prompt, fitting, hidden),))

    def _fit(
        self,
        record: Cases,
        layout: Layout,
        visible: Sequence[Case],
        ranked: Sequence[Case],
        fewest: int,
    ) -> list[Case] | None:
        """Return as many of `visible` as fit, the longest dropped first; None if too few do."""
        for chosen in _shorter(visible, ranked, fewest):
            prompt = write_prompt(layout, record.function, chosen)
            if len(prompt) <= self._settings.max_prompt_chars:
                return list(chosen)
        return None


def _shorter(
    visible: Sequence[Case], ranked: Sequence[Case], fewest: int
) -> Iterable[Sequence[Case]]:
    """Yield `visible`, then without its longest cases one by one, then the shortest there are."""
    chosen = list(visible)
    yield chosen
    while len(chosen) > fewest:
        chosen.remove(max(chosen, key=_length))
        yield chosen
    yield sorted(ranked, key=_length)[:fewest]


def _length(case: Case) -> int:
    return len(case.arguments) + len(case.result) + len(case.printed)


def _rng(function_id: str) -> Random:
    return Random(f"{TASK}:{function_id}")  # noqa: S311  # reproducible by intention


def _sample(record: Cases, prompt: str, visible: Sequence[Case], hidden: Sequence[Case]) -> Sample:
    function = record.function
    return Sample(
        id=f"{function.function_id}-{TASK}",
        function_id=function.function_id,
        prompt=prompt,
        completion=fenced(function.code, "python"),
        code=function.code,
        entry_point=function.entry_point,
        visible_cases=tuple(map(_sample_case, visible)),
        hidden_cases=tuple(map(_sample_case, hidden)),
        repository=function.origin.repository,
        path=function.origin.path,
        commit=function.origin.commit,
        line=function.line,
        license=function.origin.license,
        writer=record.writing,
        runtime=record.execution,
    )


def _sample_case(case: Case) -> SampleCase:
    return SampleCase(case.arguments, case.verdict, case.result, case.printed)
