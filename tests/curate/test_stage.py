"""The curator, called as the engine calls it: puts become state before the next record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.curate.stage import Curator
from c2c_stream.engine.stage import Outcome
from c2c_stream.errors import SettingsError
from c2c_stream.records import Candidate, Function, Origin
from c2c_stream.settings import CurateSettings


def function(
    function_id: str, occurrence: str = "", path: str = "a.py", license_: str = "unknown"
) -> Function:
    return Function(
        function_id=function_id,
        occurrence_id=occurrence or f"o-{function_id}",
        origin=Origin(repository="demo", path=path, license=license_),
        qualified_name=f"f_{function_id}",
        line=7,
    )


def curate(
    records: list[Function], settings: CurateSettings, state: dict[str, bytes]
) -> list[Outcome]:
    outcomes = []
    for record in records:
        outcome = Curator(settings).process(record, state)
        state.update(outcome.puts)
        outcomes.append(outcome)
    return outcomes


def reasons(outcomes: list[Outcome]) -> list[str]:
    return [o.rejected[0].reason if o.rejected else "" for o in outcomes]


def test_a_function_seen_first_becomes_a_candidate() -> None:
    (outcome,) = curate([function("1", license_="MIT")], CurateSettings(), {})

    (candidate,) = outcome.outputs
    assert isinstance(candidate, Candidate)
    assert candidate.function == function("1", license_="MIT")
    assert candidate.curation.license_policy == "any"
    assert candidate.curation.license_verdict == "allowed"
    assert outcome.rejected == ()


def test_an_unknown_licence_is_marked_and_passes_under_any() -> None:
    (outcome,) = curate([function("1")], CurateSettings(), {})

    (candidate,) = outcome.outputs
    assert isinstance(candidate, Candidate)
    assert candidate.curation.license_verdict == "unknown"


def test_a_copy_is_rejected_and_its_detail_names_the_winner() -> None:
    copies = [function("1", "first", "lib/a.py"), function("1", "second", "vendored/a.py")]
    _, outcome = curate(copies, CurateSettings(), {})

    assert outcome.outputs == ()
    assert outcome.puts == {}
    (item,) = outcome.rejected
    assert item.reason == "dup_exact"
    assert item.detail == "a copy of demo:lib/a.py::f_1 (occurrence first)"
    assert (item.occurrence_id, item.function_id, item.path) == ("second", "1", "vendored/a.py")
    assert (item.qualified_name, item.line) == ("f_1", 7)


def test_the_same_occurrence_again_is_rejected_and_called_what_it_is() -> None:
    again = function("1", "same")
    _, outcome = curate([again, again], CurateSettings(), {})

    assert outcome.rejected[0].reason == "dup_exact"
    assert outcome.rejected[0].detail.startswith("this very occurrence came before")


def test_the_winner_stays_the_winner_whatever_follows() -> None:
    copies = [function("1", o) for o in ("first", "second", "third")]
    outcomes = curate(copies, CurateSettings(), {})

    assert all("occurrence first" in o.rejected[0].detail for o in outcomes[1:])


def test_after_the_limit_new_functions_are_over_it_and_copies_are_still_copies() -> None:
    records = [function(i) for i in ("1", "1", "2", "3", "3", "2")]
    outcomes = curate(records, CurateSettings(limit=2), {})

    assert reasons(outcomes) == ["", "dup_exact", "", "over_limit", "over_limit", "dup_exact"]


def test_the_count_of_the_limit_lives_in_the_state_not_in_the_curator() -> None:
    state: dict[str, bytes] = {}
    curate([function("1"), function("2")], CurateSettings(limit=3), state)
    after_a_crash = curate([function("3"), function("4")], CurateSettings(limit=3), state)

    assert reasons(after_a_crash) == ["", "over_limit"]


def test_an_unknown_policy_is_a_settings_error_that_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"'permissiv' is unknown \(known: any\)"):
        Curator(CurateSettings(license_policy="permissiv"))


@given(
    ids=st.lists(st.sampled_from("abcdefg"), max_size=40),
    limit=st.none() | st.integers(1, 8),
)
def test_every_function_comes_out_or_is_rejected_and_none_comes_out_twice(
    ids: list[str], limit: int | None
) -> None:
    outcomes = curate([function(i) for i in ids], CurateSettings(limit=limit), {})
    candidates = [c for o in outcomes for c in o.outputs if isinstance(c, Candidate)]

    assert all(len(o.outputs) + len(o.rejected) == 1 for o in outcomes)
    assert [c.function.function_id for c in candidates] == list(dict.fromkeys(ids))[:limit]
