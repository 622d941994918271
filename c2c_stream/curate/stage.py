"""The curator: licence policy, then exact duplicates, then the limit. State is keyed, no I/O."""

import json
from collections.abc import Mapping

from c2c_stream.curate.licenses import POLICIES
from c2c_stream.engine.stage import Outcome, turned_down
from c2c_stream.errors import SettingsError
from c2c_stream.reasons import Reason
from c2c_stream.records import Candidate, Curation, Function
from c2c_stream.settings import CurateSettings

# No function_id holds a slash, so this key is nobody's function.
PASSED_KEY = "count/passed"


class Curator:
    """A KeyedStage. function_id -> the occurrence that won; `count/passed` -> how many passed.

    Outputs and state are committed together, so the engine never shows an input again. When the
    same occurrence comes a second time, its source was read twice (given twice, or a dump repeats
    a row): it is rejected as `dup_exact` like any other copy, which keeps samples unique and the
    books balanced; the detail says that it was the occurrence itself.
    """

    def __init__(self, settings: CurateSettings) -> None:
        self._policy = settings.license_policy
        self._limit = settings.limit
        if self._policy not in POLICIES:
            raise SettingsError(
                f"curate.license_policy: {self._policy!r} is unknown (known: {', '.join(POLICIES)})"
            )

    def process(self, record: Function, state: Mapping[str, bytes]) -> Outcome:
        """Return the candidate, or why this function may not become one."""
        verdict = POLICIES[self._policy](record.origin.license)
        winner = state.get(record.function_id)
        if winner is not None:
            return turned_down(record, Reason.DUP_EXACT, _duplicate_detail(record, winner))
        passed = int(state.get(PASSED_KEY, b"0"))
        if self._limit is not None and passed >= self._limit:
            detail = f"the first {self._limit} candidates were taken"
            return turned_down(record, Reason.OVER_LIMIT, detail)
        puts = {record.function_id: _winner(record), PASSED_KEY: b"%d" % (passed + 1)}
        return Outcome((Candidate(record, Curation(self._policy, verdict)),), puts=puts)


def _winner(record: Function) -> bytes:
    fields = {
        "occurrence_id": record.occurrence_id,
        "repository": record.origin.repository,
        "path": record.origin.path,
        "qualified_name": record.qualified_name,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def _duplicate_detail(record: Function, winner: bytes) -> str:
    fields = json.loads(winner)
    if fields["occurrence_id"] == record.occurrence_id:
        return "this very occurrence came before: its source was read twice"
    place = f"{fields['repository']}:{fields['path']}::{fields['qualified_name']}"
    return f"a copy of {place} (occurrence {fields['occurrence_id']})"
