import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from c2c_stream.cli.app import app_for
from c2c_stream.errors import SourceError
from tests.write.model.stub import Stub, in_thread, saying

CODE = """
def scaled(value, by=2):
    if value < 0:
        return 0
    return value * by


def undone(value):
    return open(value).read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


def test_the_search_is_shown_alone_where_no_model_is_named(file: Path) -> None:
    done = CliRunner().invoke(app_for(), ["write", str(file), "--json"])
    assert done.exit_code == 0, done.output
    [one] = json.loads(done.output)
    [search] = one["writers"]
    assert (one["function"], search["writer"]) == ("scaled", "search")
    assert search["edges_covered"] == search["edges"] > 0
    assert len(search["cases"]) == search["writing"]["inputs"]


def test_each_writer_is_shown_with_coverage_and_cost(file: Path, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Mine.\n%%\n$code\n")
    with in_thread(Stub(saying("value=3\nvalue=4, by=5\nvalue='a'\n"))) as stub:
        arguments = ["write", str(file), "--server", stub.url, "--prompt", str(prompt)]
        done = CliRunner().invoke(app_for(), arguments)
    assert done.exit_code == 0, done.output
    rows = [line.split() for line in done.output.splitlines()]
    shown = {row[0]: row for row in rows if row and row[0] in ("search", "openai", "hybrid")}
    assert shown.keys() == {"search", "openai", "hybrid"}
    [openai] = [row for row in rows if row[:2] == ["openai", "3"]]
    covered, edges = map(int, openai[5].split("/"))
    assert 0 < covered < edges
    assert openai[6] == "40+7"
    assert "value=4, by=5  ->  20" in done.output
    assert stub.requests[0].body["messages"][0]["content"] == "Mine.\n"


def test_a_function_that_a_rule_turns_down_is_named_with_the_rule(file: Path) -> None:
    done = CliRunner().invoke(app_for(), ["write", str(file), "--function", "undone"])
    assert isinstance(done.exception, SourceError)
    assert "impure_file" in str(done.exception)
    done = CliRunner().invoke(app_for(), ["write", str(file.with_name("none.py"))])
    assert isinstance(done.exception, SourceError)
