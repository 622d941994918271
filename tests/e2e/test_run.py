from pathlib import Path

from c2c_stream.code.literals import parse_arguments
from tests.e2e.chain import Run, c2c, c2c_json, rows_of, run_to_end


def test_a_run_ends_with_rows_balanced_books_and_verified_cases(finished: Run) -> None:
    assert finished.code == 0, finished.stdout + finished.stderr
    assert "books: balanced" in finished.stdout
    assert "cases as recorded" in finished.stdout
    assert len(rows_of(finished.out)) >= 20


def test_the_books_balance_at_every_stage(finished: Run) -> None:
    status = c2c_json("status", "--out", finished.out)

    assert status["imbalances"] == []
    for stage in status["stages"].values():
        assert stage["read"] == stage["processed"] + stage["dead"]
        assert stage["found"] == stage["out"] + stage["rejected"]
        assert stage["waiting"] == 0
    assert status["stages"]["collector"]["found"] > 500
    assert status["stages"]["formatter"]["out"] == len(rows_of(finished.out))


def test_a_row_runs_and_its_cases_are_calls_of_its_function(finished: Run) -> None:
    for row in rows_of(finished.out):
        assert f"def {row['entry_point']}(" in row["code"]
        assert row["code"].strip() in row["completion"]
        cases = row["visible_cases"] + row["hidden_cases"]
        assert len({case["arguments"] for case in cases}) == len(cases)
        for case in cases:
            parse_arguments(case["arguments"])
            assert case["outcome"] in {"value", "exception"}


def test_the_same_source_gives_the_same_rows(source: Path, finished: Run, tmp_path: Path) -> None:
    again = run_to_end(source, tmp_path / "again")

    assert again.code == 0
    assert rows_of(again.out) == rows_of(finished.out)


def test_a_second_run_of_a_finished_folder_changes_nothing(source: Path, finished: Run) -> None:
    before = {p: p.read_bytes() for p in (finished.out / "data").iterdir()}

    again = run_to_end(source, finished.out)

    assert again.code == 0
    assert {p: p.read_bytes() for p in (finished.out / "data").iterdir()} == before


def test_limit_takes_the_first_candidates_in_source_order(
    source: Path, finished: Run, tmp_path: Path
) -> None:
    few = run_to_end(source, tmp_path / "few", "--limit", "8", "--format", "jsonl")

    assert few.code == 0, few.stdout + few.stderr
    ids = [row["id"] for row in c2c_json("show", few.out, "-n", "100")]
    assert 0 < len(ids) <= 8
    assert ids == [row["id"] for row in rows_of(finished.out)][: len(ids)]


def test_verify_finds_every_case_as_recorded(finished: Run) -> None:
    report = c2c_json("verify", finished.out)

    assert report["cases"] > 100
    assert report["as_recorded"] == report["cases"]
    assert report["differences"] == []


def test_rejections_are_summed_by_reason_with_an_example(finished: Run) -> None:
    reasons = {r["reason"]: r for r in c2c_json("rejections", "--out", finished.out)}

    assert reasons["method"]["items"] > 100
    assert reasons["syntax_error"]["example"]["path"] == "broken.py"
    assert reasons["dup_exact"]["stage"] == "curator"


def test_explain_tells_what_happened_from_file_to_sample_or_rejection(finished: Run) -> None:
    kept = rows_of(finished.out)[0]
    told = c2c("explain", f"{kept['path']}::{kept['entry_point']}", "--out", finished.out)
    rejected = c2c("explain", "broken.py::", "--out", finished.out)

    assert told.returncode == 0, told.stderr
    assert kept["function_id"] in told.stdout
    assert "syntax_error" in rejected.stdout


def test_what_cannot_be_explained_is_said_clearly(finished: Run) -> None:
    told = c2c("explain", "nowhere.py::nothing", "--out", finished.out)

    assert told.returncode == 9
    assert "nowhere.py::nothing" in told.stderr


def test_there_are_no_dead_letters(finished: Run) -> None:
    assert c2c_json("dead-letters", "list", "--out", finished.out) == {"counts": [], "letters": []}


def test_show_prints_a_sample_as_a_person_would_read_it(finished: Run) -> None:
    shown = c2c("show", finished.out, "-n", "1")

    assert shown.returncode == 0
    assert rows_of(finished.out)[0]["entry_point"] in shown.stdout
