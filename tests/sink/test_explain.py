import asyncio
from pathlib import Path

import pytest

from c2c_stream.errors import SourceError
from c2c_stream.records import RejectedItem, Rejection
from c2c_stream.sink.explain import MAX_CANDIDATES, Ambiguous, Explanation, explain
from tests.sink.make import dead_letter, feed, rejection, sample, settlement

COPY = RejectedItem(
    occurrence_id="cc01",
    function_id=sample(1).function_id,
    path="vendored/m1.py",
    qualified_name="double",
    line=3,
    reason="duplicate",
    detail="of pkg/m1.py",
)
BROKEN = RejectedItem(path="pkg/broken.py", reason="syntax_error", detail="line 1")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    lost = {
        0: rejection(0),
        1: Rejection("curator", "https://example.org/r.git", items=(COPY,)),
        2: Rejection("collector", "https://example.org/r.git", items=(BROKEN,)),
    }
    asyncio.run(feed(tmp_path, lost))
    asyncio.run(feed(tmp_path, {n: sample(n) for n in range(40)}))
    asyncio.run(feed(tmp_path, {0: dead_letter(0, key="d00d" * 8)}))
    return tmp_path


def told(out: Path, query: str) -> Explanation:
    found = explain(out, query)
    assert isinstance(found, Explanation)
    return found


@pytest.mark.parametrize(
    "query", [sample(1).id, sample(1).function_id, "m1.py::double", "pkg/m1.py::double", "cc01"]
)
def test_a_sample_is_told_from_file_to_row_with_its_copies(out: Path, query: str) -> None:
    found = told(out, query)

    assert found.id == sample(1).function_id
    assert [(step.stage, step.result) for step in found.steps] == [
        ("ingester", "passed"),
        ("collector", "passed"),
        ("curator", "passed"),
        ("curator", "rejected"),
        ("writer", "passed"),
        ("executor", "passed"),
        ("formatter", "passed"),
        ("sink", "stored"),
    ]
    texts = " ".join(step.text for step in found.steps)
    assert "vendored/m1.py::double line 3: duplicate: of pkg/m1.py" in texts
    assert "a row of train-00000-00000.parquet" in texts
    assert "2 dropped: step_limit" in texts


def test_a_rejected_function_is_told_by_its_place(out: Path) -> None:
    found = told(out, "m0.py::C.method1")

    assert [(s.stage, s.result) for s in found.steps] == [("collector", "rejected")]
    assert found.steps[0].text == "pkg/m0.py::C.method1 line 2: stub: only a docstring"


def test_a_function_in_a_file_that_was_rejected_whole_is_told(out: Path) -> None:
    (step,) = told(out, "broken.py::f").steps

    assert (step.stage, step.text) == ("collector", "pkg/broken.py: syntax_error: line 1")


def test_a_dead_letter_is_told_by_its_key(out: Path) -> None:
    (step,) = told(out, "d00dd0").steps

    assert (step.stage, step.result) == ("executor", "dead letter")
    assert "the jail broke twice (attempt 3)" in step.text


def test_a_dead_letter_that_was_settled_says_so(out: Path) -> None:
    asyncio.run(feed(out, {0: settlement(0)}))

    (step,) = told(out, "d00dd0").steps

    assert step.result == "dead letter, replayed"


def test_the_start_of_many_ids_lists_candidates(out: Path) -> None:
    found = explain(out, "0000000")

    assert isinstance(found, Ambiguous)
    assert len(found.candidates) == MAX_CANDIDATES
    assert found.more == 40 - MAX_CANDIDATES
    assert ("0" * 32, "pkg/m0.py::double") in found.candidates


@pytest.mark.parametrize("query", ["ffff", "m1.py::triple", "1.py::double", "", "  ", "::"])
def test_what_is_nowhere_is_an_error(out: Path, query: str) -> None:
    with pytest.raises(SourceError, match="nothing is called"):
        explain(out, query)


def test_a_run_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing is called"):
        explain(tmp_path, "abc")
